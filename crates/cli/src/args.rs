//! What was typed.

use std::{net::SocketAddr, path::PathBuf};

use clap::{
    Args, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Sends authenticated requests: client certificate, access token and tenant header in one.
#[derive(Debug, Parser)]
#[command(name = "claviger", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which settings to use.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Choice {
    /// Settings file [else $CLAVIGER_CONFIG, else claviger.toml in the config folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Profile in it [else $CLAVIGER_PROFILE, else default_profile, else the only one]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Client id [else $CLAVIGER_CLIENT_ID, else the profile's]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Leave the tokens that are kept between runs alone
    #[arg(long, global = true)]
    pub(crate) no_cache: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say step by step what works, what is wrong, and what to do about it
    #[command(after_help = CHECK_HELP)]
    Check(CheckArguments),
    /// Print a script that completes commands in a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(CompletionsArguments),
    /// Walk through it all against the sandbox, and show what happened
    Demo,
    /// Log in with a browser, once; requests need nobody after that
    #[command(after_help = LOGIN_HELP)]
    Login(LoginArguments),
    /// Have the server take the session back, and forget it
    Logout,
    /// Print the manual page
    #[command(after_help = MAN_HELP)]
    Man,
    /// Publish data frames to Clarify's MQTT broker, one per line
    #[command(after_help = PUBLISH_HELP)]
    Publish(PublishArguments),
    /// Send one authenticated request; the body goes to stdout
    #[command(after_help = REQUEST_HELP)]
    Request(RequestArguments),
    /// Call a method of Clarify's (JSON-RPC); the result goes to stdout
    #[command(after_help = RPC_HELP)]
    Rpc(RpcArguments),
    /// Emulate the providers on this machine until Ctrl-C
    Sandbox(SandboxArguments),
    /// Put a secret where the profile says that it is, or take it away
    #[command(after_help = SECRET_HELP)]
    Secret(SecretArguments),
    /// Say who is logged in, and until when
    Status(StatusArguments),
    /// Get an access token
    Token(TokenArguments),
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct CheckArguments {
    /// Print JSON: an array of step, status, detail and advice; the verdict is the last
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct CompletionsArguments {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct LoginArguments {
    /// Open no browser: print the address, and take on stdin where the browser was sent
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Log in on another device, such as a telephone
    #[arg(long, conflicts_with_all = ["no_browser", "timeout"])]
    pub(crate) device: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u32,
}

#[derive(Args, Debug)]
pub(crate) struct SecretArguments {
    /// What to do
    #[arg(value_enum, value_name = "ACTION")]
    pub(crate) action: SecretAction,
    /// Profile whose secret it is
    #[arg(value_name = "PROFILE")]
    pub(crate) of: String,
    /// Which setting's, where the profile has several
    #[arg(long, value_name = "SETTING")]
    pub(crate) setting: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum SecretAction {
    /// Ask for it (or read it from stdin), and put it there
    Set,
    /// Take it away
    Forget,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct StatusArguments {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PublishArguments {
    /// File with a data frame on each line, or - for stdin [else only what earlier runs left]
    #[arg(value_name = "FILE|-")]
    pub(crate) file: Option<PathBuf>,
    /// Give up after so many seconds without the broker
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) patience: u64,
}

#[derive(Args, Debug)]
pub(crate) struct SandboxArguments {
    /// Write credentials, CA certificate and a working claviger.toml into it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Loopback address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct TokenArguments {
    /// Ask the server what it knows of the token, and print its answer
    #[arg(long, conflicts_with_all = ["json", "revoke", "show"])]
    pub(crate) introspect: bool,
    /// Take the kept token back at the server, and forget it
    #[arg(long, conflicts_with_all = ["json", "show"])]
    pub(crate) revoke: bool,
    /// Show the token itself
    #[arg(long)]
    pub(crate) show: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RequestArguments {
    /// Method, such as GET
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    /// Path or URL on the API's server
    #[arg(value_name = "PATH_OR_URL")]
    pub(crate) target: String,
    /// Add a header (repeatable)
    #[arg(short = 'H', long = "header", value_name = "K: V", allow_hyphen_values = true)]
    pub(crate) headers: Vec<String>,
    /// Send this body, or that of a file, or of stdin
    #[arg(short = 'd', long = "data", value_name = "DATA|@FILE|@-", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
    /// Tenant to act for [else the profile's]
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Print status and headers before the body
    #[arg(short = 'i', long = "include")]
    pub(crate) include: bool,
    /// Exit 3 on status 401 and 403, and 1 on any other from 400
    #[arg(long)]
    pub(crate) fail: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RpcArguments {
    /// Method, such as clarify.selectItems
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    /// Parameters: a JSON object or array, or that of a file, or of stdin
    #[arg(value_name = "PARAMS_JSON|@FILE|@-")]
    pub(crate) params: Option<String>,
    /// Version of the API [else the profile's]
    #[arg(long, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
    /// Ask for no result: it is done or not, and nobody says so
    #[arg(long)]
    pub(crate) notify: bool,
}

/// Reads the arguments. A word in the wrong place is not repeated: it may be a secret.
///
/// # Errors
///
/// Also where help or the version were asked for; clap's error knows where that goes.
pub(crate) fn parse<T: Into<std::ffi::OsString> + Clone>(
    words: impl IntoIterator<Item = T>,
) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(words).map_err(|mut error| {
        let is_value = |value: &ContextValue| !value.to_string().starts_with('-');
        let misplaced = error.get(ContextKind::InvalidArg).is_some_and(is_value);
        if error.kind() == ErrorKind::UnknownArgument && misplaced {
            error.insert(ContextKind::InvalidArg, ContextValue::String("(not shown)".to_owned()));
        }
        error
    })
}

const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 the API answered with an error; 2 settings or usage;
3 credentials refused; 4 no connection, TLS or client certificate; 5 other.

Begin with: claviger demo";

/// The same for the manual page, which has a section for them.
pub(crate) const EXIT_CODES: [(&str, &str); 6] = [
    ("0", "done"),
    ("1", "the API answered with an error"),
    ("2", "settings or usage"),
    ("3", "credentials refused"),
    ("4", "no connection, TLS or client certificate"),
    ("5", "other"),
];

const CHECK_HELP: &str = "\
It connects, asks for the head of / without credentials, gets a token, and makes one harmless call: GET check_path,
else one that the provider names. Exit code: that of the first step that failed; 0 if there are only warnings.";

const COMPLETIONS_HELP: &str = "\
bash:  claviger completions bash > ~/.local/share/bash-completion/completions/claviger
zsh:   claviger completions zsh > a folder in $fpath, as _claviger
fish:  claviger completions fish > ~/.config/fish/completions/claviger.fish";

const LOGIN_HELP: &str = "\
For profiles with auth = \"authorization-code\". The browser is the program in $BROWSER, else the platform's choice.
The session is kept between runs, sealed if there is a key: session_key in the profile, or $CLAVIGER_SESSION_KEY.";

const SECRET_HELP: &str = "\
The profile says where: client_secret = { keyring = \"a name\" }, or { file = \"secret.txt\" }. At a terminal it is asked for, and not shown;
else it is read from stdin: pass show acme | claviger secret set acme

What has a name is kept in a sealed file; its key is that of $CLAVIGER_SEAL_KEY, or in the file of $CLAVIGER_SEAL_KEY_FILE,
else one that is kept beside it.";

const MAN_HELP: &str = "\
For a look: claviger man | man -l -
To stay:    claviger man > ~/.local/share/man/man1/claviger.1";

const PUBLISH_HELP: &str = "\
A data frame is JSON: {\"times\":[1700000000],\"series\":{\"temperature\":[21.5]}}
It is kept on disk until the broker has acknowledged it; the next run sends what one that ended early has left.";

const REQUEST_HELP: &str = "\
PATH_OR_URL: things       below the profile's api_url
             /things      as the provider writes its paths (custom: from the root)
             https://...  only if it is on that server
The body of an answer is printed whatever its status. Redirects are not followed.
-d sends application/json unless -H names another Content-Type.";

const RPC_HELP: &str = "\
claviger rpc clarify.selectItems '{\"query\":{\"limit\":5}}'
claviger rpc integration.insert @data.json

An error of the method ends with exit code 1, and its words go to stderr. An answer is waited for 30 s, for Clarify
delays calls that are too many. A call that was not answered may have been done all the same.";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &[&str]) -> String {
        parse(["claviger"].iter().chain(words)).unwrap_err().to_string()
    }

    #[test]
    fn takes_the_settings_before_and_after_the_command() {
        for words in [["claviger", "--profile", "a", "token"], ["claviger", "token", "--profile", "a"]] {
            assert_eq!(parse(words).unwrap().choice.profile.as_deref(), Some("a"));
        }
    }

    #[test]
    fn takes_a_request() {
        let words =
            ["claviger", "request", "post", "/a", "-H", "A: b", "-H", "-c: d", "-d", "-1", "-i", "--fail"];
        let Command::Request(request) = parse(words).unwrap().command else { panic!("another command") };
        assert_eq!((&*request.method, &*request.target), ("post", "/a"));
        assert_eq!(request.headers, ["A: b", "-c: d"]);
        assert_eq!(request.data.as_deref(), Some("-1"));
        assert!(request.include && request.fail && request.tenant.is_none());
    }

    #[test]
    fn knows_no_command_that_is_not_there() {
        assert!(text(&["proxy"]).contains("unrecognized subcommand"));
    }

    #[test]
    fn does_not_repeat_a_word_in_the_wrong_place() {
        let said = text(&["request", "GET", "/a", "Authorization: Bearer swordfish"]);
        assert!(said.contains("unexpected argument") && !said.contains("swordfish"), "{said}");
        assert!(!text(&["token", "--client-secret=swordfish"]).contains("swordfish"));
        assert!(text(&["token", "--shwo"]).contains("--show"), "a typo is still told");
    }

    #[test]
    fn the_definition_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
