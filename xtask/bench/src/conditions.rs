//! On what, and with which versions, it was measured.

use std::{fs, process::Command, time::SystemTime};

/// The packages that the report names.
const NAMED: &[&str] = &[
    "tower",
    "tower-http",
    "http",
    "hyper",
    "hyper-util",
    "hyper-rustls",
    "h2",
    "rustls",
    "ring",
    "tokio",
    "arc-swap",
    "middle",
    "aliri_tokens",
    "oauth2",
    "kube-client",
    "gcp_auth",
    "google-cloud-auth",
    "aws-smithy-runtime",
    "aws-smithy-runtime-api",
    "cf-gears-toolkit-auth",
    "azure_core",
];

/// The versions, as the lock file has them; of several, the newest.
pub fn versions() -> String {
    let lock = include_str!("../Cargo.lock");
    let named = NAMED.iter().map(|name| {
        let entry = lock.split("[[package]]").filter(|entry| entry.contains(&format!("name = \"{name}\"\n")));
        let version = entry.filter_map(|entry| entry.split("version = \"").nth(1)?.split('"').next()).last();
        format!("{name} {}", version.unwrap_or("?"))
    });
    named.collect::<Vec<_>>().join(", ")
}

/// The machine, in a few words.
pub fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let system = said("uname", &["-srm"]);
    format!("{cores} cores ({}), {system}", model.unwrap_or("unknown"))
}

/// The compiler.
pub fn compiler() -> String {
    said("rustc", &["--version"])
}

/// What else the machine was doing.
pub fn busy() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}

/// Today, in UTC.
pub fn date() -> String {
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
    now.to_string().chars().take(10).collect()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
