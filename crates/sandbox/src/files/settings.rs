//! Writes the settings of the program, with paths relative to their own file.

use std::fmt::Write as _;

use crate::sandbox::Sandbox;

/// Writes one profile for each way to speak to a provider.
pub(super) fn text(sandbox: &Sandbox) -> String {
    let (clara, clarus, clazar) = (sandbox.clara(), sandbox.clarus(), sandbox.clazar());
    let (clara_api, clara_token) = (clara.api_url(), clara.token_url());
    let (clarus_api, clarus_token) = (clarus.api_url(), clarus.token_url());
    let (clazar_api, clazar_token) = (clazar.api_url(), clazar.token_url());
    let clara_tenant = clara.tax_identifiers().first().copied().unwrap_or_default();
    let clarus_tenant = clarus.subdomains().first().copied().unwrap_or_default();
    let clara_server =
        [("api_url", clara_api.as_str()), ("token_url", clara_token.as_str()), ("tenant", clara_tenant)];

    let mut text = format!("{FIRST_LINE}\n");
    line(&mut text, "default_profile", "clara");
    for (name, environment) in [("clara", "production"), ("clara-test", "test")] {
        profile(&mut text, name, "clara", &clara_server);
        line(&mut text, "country", "mx");
        line(&mut text, "environment", environment);
        line(&mut text, "credentials", &format!("{name}/"));
    }
    for (name, file) in
        [("clarify", "clarify-credentials.json"), ("clarify-basic", "clarify-basic-credentials.json")]
    {
        let credentials = format!("clarify/{file}");
        profile(&mut text, name, "clarify", &[("credentials", &credentials), ("api_version", "1.1")]);
    }
    let clarus_server = [("api_url", clarus_api.as_str()), ("tenant", clarus_tenant)];
    profile(&mut text, "clarus", "clarus", &clarus_server);
    line(&mut text, "token_url", &clarus_token);
    line(&mut text, "client_id", clarus.client_id());
    file(&mut text, "client_secret", "clarus/secret.txt");
    line(&mut text, "check_path", "/api/products");
    profile(&mut text, "clarus-token", "clarus", &clarus_server);
    line(&mut text, "auth", "token");
    file(&mut text, "token", "clarus/token.txt");
    line(&mut text, "check_path", "/api/products");
    let login = clarus.login();
    text.push_str("\n# The browser will warn of the certificate.");
    let _ = write!(text, " User name: {}, password: {}", login.user_name(), login.password());
    profile(&mut text, "clarus-login", "clarus", &clarus_server);
    line(&mut text, "auth", "authorization-code");
    line(&mut text, "authorize_url", &login.authorize_url());
    line(&mut text, "token_url", &clarus_token);
    line(&mut text, "client_auth", "none");
    line(&mut text, "client_id", login.public_client_id());
    line(&mut text, "check_path", "/api/products");
    profile(&mut text, "clazar", "clazar", &[("api_url", &clazar_api), ("token_url", &clazar_token)]);
    line(&mut text, "client_id", clazar.client_id());
    file(&mut text, "client_secret", "clazar/secret.txt");
    line(&mut text, "check_path", "/buyers/");

    text.push_str("\n# Clara without the provider's own knowledge.");
    profile(&mut text, "custom", "custom", &clara_server);
    line(&mut text, "auth", "client-credentials");
    line(&mut text, "client_auth", "client_secret_basic");
    line(&mut text, "client_id", clara.client_id());
    file(&mut text, "client_secret", "clara/secret.txt");
    line(&mut text, "cert_file", "clara/client.crt");
    line(&mut text, "key_file", "clara/client.key");
    line(&mut text, "tenant_header", "X-Tax-Identifier");
    line(&mut text, "check_path", "/api/v3/users");
    text
}

/// Begins a profile with what it says of its server. All servers show a certificate of the sandbox's authority.
fn profile(text: &mut String, name: &str, provider: &str, server: &[(&str, &str)]) {
    let _ = write!(text, "\n[profiles.{name}]\n");
    line(text, "provider", provider);
    server.iter().for_each(|(name, value)| line(text, name, value));
    line(text, "ca_file", "ca.pem");
    line(text, "trust", "ca");
}

fn file(text: &mut String, name: &str, path: &str) {
    let _ = writeln!(text, "{name} = {{ file = {} }}", quote(path));
}

fn line(text: &mut String, name: &str, value: &str) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{name} = {}", quote(value));
}

/// Quotes a TOML basic string.
fn quote(value: &str) -> String {
    let mut quoted = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            other if other.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// How settings begin that the sandbox wrote; by it, it knows its own folder again.
pub(super) const FIRST_LINE: &str = "# Written by the sandbox; good until it stops.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_toml_would_misread() {
        assert_eq!(quote("a\"b\\c\nd"), r#""a\"b\\c\u000Ad""#);
    }
}
