//! The pages that people see: HTML without scripts, which nobody may keep or put into a frame.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

use super::AuthorizationServer;
use super::asked::Asked;

/// Asks for a name and a password, and what to do.
pub(super) fn login(server: &AuthorizationServer, asked: &Asked, ticket: &str, failed: bool) -> Response {
    let name = server.shared.terms.name;
    let (user, password) = (server.user_name(), server.password());
    let client = escape(&asked.client);
    let scope = asked.scope.as_deref().map_or_else(String::new, |scope| {
        let words: String = scope.split(' ').map(|word| format!("<li>{}</li>", escape(word))).collect();
        format!("<p>It asks for:</p>\n<ul>{words}</ul>\n")
    });
    let (status, warning) = if failed {
        (StatusCode::FORBIDDEN, "<p class=\"wrong\" role=\"alert\">That name or password is wrong.</p>\n")
    } else {
        (StatusCode::OK, "")
    };
    let content = format!(
        "<h1>Log in to {name}</h1>\n{warning}\
         <p>The program <code>{client}</code> would like to use {name} for you.</p>\n{scope}\
         <form method=\"post\" action=\"{action}\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <label>User name<input name=\"username\" autocomplete=\"off\" required autofocus></label>\n\
         <label>Password<input name=\"password\" type=\"password\" autocomplete=\"off\" required></label>\n\
         <div><button name=\"decision\" value=\"allow\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\" formnovalidate>Deny</button></div>\n\
         </form>\n\
         <aside>This is the sandbox, not {name}. Its user is <code>{user}</code>, with the password \
         <code>{password}</code>.</aside>\n",
        action = super::AUTHORIZE,
    );
    html(status, &format!("Log in to {name}"), &content)
}

/// Says why there is nothing to log in for.
pub(super) fn refusal(status: StatusCode, text: &str) -> Response {
    let content = format!(
        "<h1>No login</h1>\n<p class=\"wrong\" role=\"alert\">{}.</p>\n\
         <p>Nothing was sent to any program. Close this page, and begin anew in the program that opened it.</p>\n",
        escape(text),
    );
    html(status, "No login", &content)
}

fn html(status: StatusCode, title: &str, content: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{content}</main>\n</body>\n</html>\n"
    );
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, page).into_response()
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

/// No `form-action`: browsers hold it against the redirect after the form, too, and it cannot name `[::1]`.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --ground: #eef1f5; --line: #c5ccd6; --accent: #1d5fbf; --wrong: #a81e1e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --paper: #1b212b; --ground: #11151b; --line: #3c4656; --accent: #2f6fd0; --wrong: #ff8a8a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: 12px; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; }
p { margin: 0 0 1rem; }
ul { margin: 0 0 1rem; padding-left: 1.25rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
label { display: block; margin-bottom: 1rem; font-weight: 600; }
label input { display: block; width: 100%; margin-top: 0.25rem; padding: 0.6rem 0.75rem; border: 1px solid var(--line); border-radius: 8px; background: var(--paper); color: inherit; font: inherit; }
div { display: flex; gap: 0.75rem; }
button { flex: 1; padding: 0.65rem; border: 1px solid var(--line); border-radius: 8px; background: none; color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
button[value=allow] { border-color: var(--accent); background: var(--accent); color: #fff; }
:is(input, button):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.wrong { color: var(--wrong); font-weight: 600; }
aside { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 0.875rem; }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_sent_becomes_markup() {
        assert_eq!(escape("<b a='\"'>&amp;"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;amp;");
    }
}
