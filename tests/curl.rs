//! Another client against our sandbox: if it only worked with our own, both could be wrong in the same way.

use std::{path::Path, process::Command};

use http::StatusCode;
use serde_json::Value;

use crate::{
    clara_sandbox::{ACME, ClaraSandbox, TRANSACTIONS, get_for, send},
    real_software::{needs, run},
};

/// curl, with the files that people get from Clara.
struct Curl {
    program: std::path::PathBuf,
    folder: tempfile::TempDir,
}

impl Curl {
    fn new(sandbox: &ClaraSandbox) -> Option<Self> {
        let program = needs("curl")?;
        let folder = tempfile::tempdir().unwrap();
        sandbox.sandbox.write_dir(folder.path()).unwrap();
        Some(Self { program, folder })
    }

    fn file(&self, name: &str) -> String {
        Path::join(self.folder.path(), name).display().to_string()
    }

    /// Gives the exit code and stdout.
    async fn call(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(&self.program);
        command.args(["--silent", "--disable", "--noproxy", "*"]).args(arguments);
        let output = run(command, "").await;
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    /// As [`call`](Self::call), with the certificate, its key and the CA.
    async fn call_as_client(&self, arguments: &[&str]) -> (i32, String) {
        let files = ["clara/client.crt", "clara/client.key", "ca.pem"].map(|name| self.file(name));
        let [certificate, key, ca] = files.each_ref().map(String::as_str);
        let identity = ["--cert", certificate, "--key", key, "--cacert", ca];
        self.call(&[&identity, arguments].concat()).await
    }
}

#[tokio::test]
async fn gets_a_token_and_the_same_answer_as_our_client() {
    let sandbox = ClaraSandbox::start().await;
    let Some(curl) = Curl::new(&sandbox) else { return };
    let clara = sandbox.clara();
    let user = format!("{}:{}", clara.client_id(), clara.client_secret());
    let arguments = ["--user", &user, "--data", "grant_type=client_credentials", &clara.token_url()];
    let (code, body) = curl.call_as_client(&arguments).await;
    assert_eq!(code, 0);
    let token: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(token["token_type"], "Bearer");

    let authorization = format!("Authorization: Bearer {}", token["access_token"].as_str().unwrap());
    let tenant = format!("X-Tax-Identifier: {ACME}");
    let url = sandbox.url(TRANSACTIONS);
    let (code, body) = curl.call_as_client(&["-H", &authorization, "-H", &tenant, &url]).await;
    assert_eq!(code, 0);
    let (status, ours) = send(&sandbox.client(), get_for(TRANSACTIONS, ACME)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), ours);

    // What matters to Clara arrived alike from both.
    let entries = sandbox.journal().entries();
    let [theirs_token, theirs, ours_token, ours] = &entries[..] else { panic!("{entries:?}") };
    for (theirs, ours) in [(theirs_token, ours_token), (theirs, ours)] {
        assert_eq!((&theirs.method, &theirs.path, &theirs.body), (&ours.method, &ours.path, &ours.body));
        assert_eq!(theirs.header("content-type"), ours.header("content-type"));
        assert_eq!(theirs.header("x-tax-identifier"), ours.header("x-tax-identifier"));
        assert_eq!(theirs.peer.thumbprint, ours.peer.thumbprint);
    }
    assert_eq!(theirs_token.header("authorization"), ours_token.header("authorization"));
}

#[tokio::test]
async fn without_its_certificate_it_gets_nowhere_either() {
    let sandbox = ClaraSandbox::start().await;
    let Some(curl) = Curl::new(&sandbox) else { return };
    let (code, body) = curl.call(&["--cacert", &curl.file("ca.pem"), &sandbox.clara().token_url()]).await;
    assert_ne!(code, 0);
    assert_eq!(body, "");
    sandbox.wait_for_failed_handshake().await;
    assert_eq!(sandbox.counts(), (0, 0));
}

#[tokio::test]
async fn a_wrong_secret_and_a_missing_token_are_refused_with_words() {
    let sandbox = ClaraSandbox::start().await;
    let Some(curl) = Curl::new(&sandbox) else { return };
    let user = format!("{}:swordfish", sandbox.clara().client_id());
    let (_, body) = curl.call_as_client(&["--user", &user, "--data", "", &sandbox.clara().token_url()]).await;
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["error"], "invalid_client");
    let status = "%{http_code}";
    let (_, body) = curl.call_as_client(&["--write-out", status, &sandbox.url(TRANSACTIONS)]).await;
    assert!(body.ends_with("401"), "{body}");
}
