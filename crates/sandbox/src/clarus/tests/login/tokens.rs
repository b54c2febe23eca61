//! What comes of a code, and for whom.

use super::*;

#[tokio::test]
async fn a_code_is_good_for_who_asked_and_for_nobody_else() {
    let clarus = clarus();
    let spent = async |code: &str| refused("invalid_grant", &exchange(&clarus, code, &[]).await);
    for (name, value) in [
        ("redirect_uri", "http://127.0.0.1:49153/callback"),
        ("redirect_uri", "http://127.0.0.1/callback"),
        ("code_verifier", CHALLENGE),
    ] {
        let code = code(&clarus, &[]);
        assert!(refused("invalid_grant", &exchange(&clarus, &code, &[(name, value)]).await), "{name}");
        assert!(spent(&code).await, "a code is tried once: {name}");
    }
    // What is no such request is none, and another's client secret opens nothing.
    let code = code(&clarus, &[]);
    let long = "a".repeat(129);
    for (name, value) in [
        ("code", ""),
        ("redirect_uri", ""),
        ("code_verifier", ""),
        ("code_verifier", VERIFIER.split_at(42).0),
        ("code_verifier", &long),
        ("code_verifier", &VERIFIER.replace('-', "+")),
    ] {
        let answer = exchange(&clarus, &code, &[(name, value)]).await;
        assert!(refused("invalid_request", &answer), "{name}={value}: {answer:?}");
    }
    let secret = clarus.client_secret();
    let other = [("client_id", clarus.client_id()), ("client_secret", &*secret)];
    assert!(refused("invalid_grant", &exchange(&clarus, &code, &other).await));
    assert_eq!(exchange(&clarus, &code, &[]).await.0, 200);
    assert!(refused("invalid_grant", &exchange(&clarus, "made-up", &[]).await));

    clarus.login().set_code_life(Duration::ZERO);
    assert!(spent(&self::code(&clarus, &[])).await, "it has expired");
}

#[tokio::test]
async fn a_code_that_comes_twice_revokes_what_it_brought() {
    let clarus = clarus();
    let code = code(&clarus, &[]);
    let (access, refreshing) = tokens(&exchange(&clarus, &code, &[]).await.1);
    let bystander = logged_in(&clarus).await;
    assert!(refused("invalid_grant", &exchange(&clarus, &code, &[]).await));
    assert_eq!(clarus.journal().events().last(), Some(&Event::ReuseDetected));
    assert_eq!(status_of(&clarus, &access).await, 401);
    assert!(refused("invalid_grant", &refresh(&clarus, &refreshing, &[]).await));
    assert_eq!(status_of(&clarus, &bystander.0).await, 200);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_used_one_ends_the_login() {
    let clarus = clarus();
    let (first_access, first) = logged_in(&clarus).await;
    clarus.expire_all();
    let (status, body) = refresh(&clarus, &first, &[]).await;
    assert_eq!((status, &body["scope"]), (200, &"read write".into()));
    let (access, second) = tokens(&body);
    assert_ne!((&access, &second), (&first_access, &first));
    assert_eq!((status_of(&clarus, &first_access).await, status_of(&clarus, &access).await), (401, 200));
    assert_eq!(clarus.journal().events(), [Event::CodeExchanged, Event::Refreshed]);

    // Another client does it no harm.
    let secret = clarus.client_secret();
    let other = [("client_id", clarus.client_id()), ("client_secret", &*secret)];
    for token in [&first, &second] {
        assert!(refused("invalid_grant", &refresh(&clarus, token, &other).await));
    }
    assert_eq!(status_of(&clarus, &access).await, 200);

    assert!(refused("invalid_grant", &refresh(&clarus, &first, &[]).await));
    assert_eq!(clarus.journal().events().last(), Some(&Event::ReuseDetected));
    assert_eq!(status_of(&clarus, &access).await, 401);
    assert!(refused("invalid_grant", &refresh(&clarus, &second, &[]).await));
    assert!(refused("invalid_request", &refresh(&clarus, "", &[]).await));
}

#[tokio::test]
async fn a_scope_may_be_narrowed_and_never_widened() {
    let clarus = clarus();
    let (_, first) = logged_in(&clarus).await;
    let (_, body) = refresh(&clarus, &first, &[("scope", "write")]).await;
    assert_eq!(body["scope"], "write");
    let (_, second) = tokens(&body);
    for wider in ["read write admin", "admin", "re"] {
        assert!(refused("invalid_scope", &refresh(&clarus, &second, &[("scope", wider)]).await), "{wider}");
    }
    // It was narrowed for that access token alone, and what was refused was not used.
    assert_eq!(refresh(&clarus, &second, &[]).await.1["scope"], "read write");

    let (_, body) = exchange(&clarus, &code(&clarus, &[("scope", "")]), &[]).await;
    assert_eq!(body.get("scope"), None);
    let (_, bare) = tokens(&body);
    assert!(refused("invalid_scope", &refresh(&clarus, &bare, &[("scope", "read")]).await));
    assert_eq!(refresh(&clarus, &bare, &[]).await.0, 200);
}

#[tokio::test]
async fn refresh_tokens_are_kept_or_withheld_if_that_is_wanted() {
    let clarus = clarus();
    clarus.login().set_refresh_tokens(RefreshTokens::Kept);
    let (_, kept) = logged_in(&clarus).await;
    for _ in 0..2 {
        let (status, body) = refresh(&clarus, &kept, &[]).await;
        assert_eq!((status, body.get("refresh_token")), (200, None));
    }
    clarus.login().set_refresh_tokens(RefreshTokens::Withheld);
    let (status, body) = exchange(&clarus, &code(&clarus, &[]), &[]).await;
    assert_eq!((status, body.get("refresh_token")), (200, None));
}

#[tokio::test]
async fn each_client_authenticates_itself_in_its_own_way() {
    let clarus = clarus();
    let (id, secret) = (clarus.client_id(), clarus.client_secret());
    let code = || code(&clarus, &[("client_id", id)]);
    let by_body = [("client_id", id), ("client_secret", &*secret)];
    assert_eq!(exchange(&clarus, &code(), &by_body).await.0, 200);
    let code_of_client = code();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code_of_client),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let by_header =
        |secret| with(post("/oauth/token", FORM, encode(&form)), "authorization", &basic(id, secret));
    assert_eq!(ask(&clarus, by_header("x")).await.0, 401);
    assert_eq!(ask(&clarus, by_header(&secret)).await.0, 200);

    let public = clarus.login().public_client_id();
    for wrong in [
        vec![("client_id", id)],
        vec![("client_id", id), ("client_secret", "x")],
        vec![("client_id", public), ("client_secret", &*secret)],
        vec![("client_id", "somebody")],
        vec![("client_id", "")],
    ] {
        for answer in [
            exchange(&clarus, &code(), &wrong).await,
            refresh(&clarus, "x", &wrong).await,
            ask_for(&clarus, "/oauth/revoke", &[("token", "x")], &wrong).await,
        ] {
            assert_eq!((answer.0, &answer.1["error"]), (401, &"invalid_client".into()), "{wrong:?}");
        }
    }
    // What has no secret has no credentials.
    let asking = [("grant_type", "client_credentials")];
    let answer = ask_for(&clarus, "/oauth/token", &asking, &[]).await;
    assert!(refused("unauthorized_client", &answer), "{answer:?}");
}

#[tokio::test]
async fn a_client_gives_back_what_is_its_own() {
    let clarus = clarus();
    let revoke = async |token: &str, but: &[(&str, &str)]| {
        ask_for(&clarus, "/oauth/revoke", &[("token", token)], but).await
    };
    let (access, refreshing) = logged_in(&clarus).await;
    let secret = clarus.client_secret();
    let other = [("client_id", clarus.client_id()), ("client_secret", &*secret)];
    for token in [&access, &refreshing] {
        assert!(refused("unauthorized_client", &revoke(token, &other).await));
    }
    clarus.journal().clear();
    for (token, hint) in [(&*access, "refresh_token"), ("unknown", ""), (&*access, "")] {
        assert_eq!(revoke(token, &[("token_type_hint", hint)]).await, (200, Value::Null));
    }
    assert_eq!(clarus.journal().events(), [Event::Revoked]);
    assert_eq!(status_of(&clarus, &access).await, 401);
    let (access, refreshing) = tokens(&refresh(&clarus, &refreshing, &[]).await.1);
    assert_eq!(revoke(&refreshing, &[]).await.0, 200);
    assert_eq!(status_of(&clarus, &access).await, 401);
    assert!(refused("invalid_grant", &refresh(&clarus, &refreshing, &[]).await));

    let of_client = token(&clarus).await;
    assert_eq!(revoke(&of_client, &[]).await.0, 200);
    assert_eq!(status_of(&clarus, &of_client).await, 200);
    assert_eq!(revoke(&of_client, &other).await.0, 200);
    assert_eq!(status_of(&clarus, &of_client).await, 401);
    assert_eq!(revoke(clarus.static_token(), &other).await.0, 200);
    assert_eq!(status_of(&clarus, clarus.static_token()).await, 200);

    assert!(refused("invalid_request", &revoke("", &[]).await));
    let get = Request::get("/oauth/revoke?token=x").body(Body::empty()).unwrap();
    assert_eq!(send(clarus.router(), get).await.status(), 405);
}

#[tokio::test]
async fn a_session_that_ends_leaves_the_refresh_token_and_a_login_that_ends_does_not() {
    let clarus = clarus();
    let (access, refreshing) = logged_in(&clarus).await;
    assert_eq!(clarus.end_session(), 1);
    assert_eq!(status_of(&clarus, &access).await, 401);
    let (access, refreshing) = tokens(&refresh(&clarus, &refreshing, &[]).await.1);
    assert_eq!(status_of(&clarus, &access).await, 200);

    let unused = code(&clarus, &[]);
    let of_client = token(&clarus).await;
    let steered = ask(&clarus, post("/sandbox/end-logins", JSON, "")).await;
    assert_eq!(steered.1["ended"], 2);
    assert_eq!((status_of(&clarus, &access).await, status_of(&clarus, &of_client).await), (401, 200));
    assert!(refused("invalid_grant", &refresh(&clarus, &refreshing, &[]).await));
    assert!(refused("invalid_grant", &exchange(&clarus, &unused, &[]).await));
    assert_eq!(clarus.login().end_logins(), 0);
}

#[tokio::test]
async fn the_journal_tells_what_happened_and_no_secret() {
    let clarus = clarus();
    let (_, _, page) = open(&clarus, &query(&clarus, &[])).await;
    let (_, headers, _) = press(&clarus, &page, person(&clarus), "allow").await;
    let code = answer(&clarus, headers["location"].to_str().unwrap()).remove("code").unwrap();
    let (access, refreshing) = tokens(&exchange(&clarus, &code, &[]).await.1);
    refresh(&clarus, &refreshing, &[]).await;
    status_of(&clarus, &access).await;
    let ticket = attributes(&page, "input", "value").remove(0);
    let secrets = [person(&clarus).1, &ticket, &code, VERIFIER, CHALLENGE, &access, &refreshing];

    let entries = clarus.journal().entries();
    let arrived = entries.iter().map(|entry| {
        let header = entry.header("authorization").unwrap_or_default();
        format!("{} {header} {}\n", entry.query.as_deref().unwrap_or_default(), entry.body_text())
    });
    let arrived = arrived.collect::<String>().replace("%2D", "-").replace("%5F", "_");
    let told = ask(&clarus, Request::get("/sandbox/journal").body(Body::empty()).unwrap()).await.1;
    let debugged = format!("{clarus:?} {:?} {entries:?} {:?}", clarus.login(), clarus.journal());
    for secret in secrets {
        assert!(arrived.contains(secret), "{secret}");
        assert!(!told.to_string().contains(secret) && !debugged.contains(secret), "{secret}");
    }
    let seen: Vec<_> =
        told.as_array().unwrap().iter().map(|entry| (&entry["target"], &entry["event"])).collect();
    let (login, token, api) = (&"login".into(), &"token".into(), &"api".into());
    assert_eq!(
        seen,
        [
            (login, &"login-shown".into()),
            (login, &"login-allowed".into()),
            (token, &"code-exchanged".into()),
            (token, &"refreshed".into()),
            (api, &Value::Null),
        ]
    );
}

#[tokio::test]
async fn faults_of_the_login_are_its_own() {
    let clarus = clarus();
    clarus.play(Target::Login, Fault::Unavailable, Times::ONCE);
    assert_eq!(status_of(&clarus, &token(&clarus).await).await, 200);
    assert_eq!(open(&clarus, &query(&clarus, &[])).await.0, 503);
    assert_eq!(open(&clarus, &query(&clarus, &[])).await.0, 200);
    let steered = post("/sandbox/faults/login/html-page", JSON, "");
    assert_eq!(send(clarus.router(), steered).await.status(), 204);
    assert_eq!(open(&clarus, &query(&clarus, &[])).await.0, 502);
    assert_eq!((clarus.journal().api_requests(), clarus.journal().token_requests()), (1, 1));
}

#[tokio::test]
async fn the_metadata_name_what_is_there() {
    let clarus = clarus();
    let path = "/.well-known/oauth-authorization-server";
    let (status, metadata) = ask(&clarus, Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!((status, &metadata["issuer"]), (200, &clarus.api_url().into()));
    assert_eq!(metadata["token_endpoint"], clarus.token_url());
    for (name, url) in [
        ("authorization_endpoint", clarus.login().authorize_url()),
        ("revocation_endpoint", clarus.login().revocation_url()),
    ] {
        assert_eq!(metadata[name], url);
        let path = url.strip_prefix(&clarus.api_url()).unwrap();
        let posted = send(clarus.router(), post(path, FORM, "")).await.status();
        assert!(matches!(posted.as_u16(), 400 | 401), "{url}: {posted}");
    }
}
