//! Instructions and allocations per request: figures that repeat.

use std::{
    collections::BTreeMap,
    env,
    process::{Command, Output, Stdio},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};
use tower::BoxError;

use crate::{
    Effort,
    issuer::Issuer,
    noop::ORIGIN,
    peer::{Setup, Subject},
    peers::{self, ALL, Contestant, gcp},
};

/// The length of most tokens: a JWT.
pub const TOKEN: usize = 1_000;

/// So long that no token comes due.
pub const LONG: Duration = Duration::from_secs(3_600);

const WARM_UP: u64 = 500;

/// What one contestant costs per request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Instructions, if valgrind is there.
    pub instructions: Option<f64>,
    /// Allocations, and reallocations.
    pub allocations: f64,
    /// Bytes allocated.
    pub bytes: f64,
}

/// By name.
pub type All = BTreeMap<&'static str, Counted>;

/// Counts for everybody.
pub fn measure(effort: Effort) -> Result<All, BoxError> {
    let count = effort.of(1_000, 4_000);
    let key = gcp::key()?;
    let mut all = allocated(&key)?;
    for contestant in ALL {
        // Both at once: instructions do not depend on what else runs.
        let once = under_valgrind(contestant, count, &key);
        let twice = under_valgrind(contestant, count * 2, &key);
        let (Ok(once), Ok(twice)) = (once, twice) else { continue };
        let once = collected(&once.wait_with_output()?);
        let twice = collected(&twice.wait_with_output()?);
        let counted = all.entry(contestant.name).or_default();
        counted.instructions = once.zip(twice).map(|(once, twice)| (twice - once) / count as f64);
    }
    Ok(all)
}

fn under_valgrind(contestant: &Contestant, count: u64, key: &str) -> Result<std::process::Child, BoxError> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
    command.args(["steps", contestant.name, &count.to_string()]).env(gcp::KEY, key);
    Ok(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
}

/// Reads the number that callgrind ends with.
fn collected(output: &Output) -> Option<f64> {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// The part that runs under valgrind.
pub fn steps(name: &str, count: u64) -> Result<(), BoxError> {
    let contestant = ALL.iter().find(|contestant| contestant.name == name).ok_or("nobody of that name")?;
    let runtime = runtime()?;
    let subject = warm(&runtime, contestant)?;
    runtime.block_on(subject.many(count))
}

fn runtime() -> Result<Runtime, BoxError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn warm(runtime: &Runtime, contestant: &Contestant) -> Result<Box<dyn Subject>, BoxError> {
    let setup = Setup { issuer: Issuer::new(TOKEN), origin: ORIGIN.to_owned(), due: LONG };
    let subject = runtime.block_on((contestant.start)(setup))?;
    runtime.block_on(subject.many(WARM_UP))?;
    Ok(subject)
}

fn allocated(key: &str) -> Result<All, BoxError> {
    let program = env::current_exe()?.with_file_name("allocations");
    let output = Command::new(program).env(gcp::KEY, key).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut all = All::new();
    for (contestant, line) in ALL.iter().zip(text.lines()) {
        let mut numbers = line.split(' ').filter_map(|word| word.parse().ok());
        let (Some(allocations), Some(bytes)) = (numbers.next(), numbers.next()) else { continue };
        all.insert(contestant.name, Counted { instructions: None, allocations, bytes });
    }
    if all.len() == ALL.len() { Ok(all) } else { Err("allocations were not counted".into()) }
}

/// Counts what `counts` says (allocations and bytes so far) for everybody, a line each.
///
/// # Errors
///
/// A peer's own, if it cannot be built.
pub fn allocations(counts: impl Fn() -> (u64, u64)) -> Result<(), BoxError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // This program is also the plugin of the peer that runs one.
    let words: Vec<String> = env::args().collect();
    if let [_, plugin, url] = &*words
        && plugin == "plugin"
    {
        return Ok(peers::kube::plugin(url)?);
    }
    const COUNT: u64 = 1_000;
    for contestant in ALL {
        let runtime = runtime()?;
        let subject = warm(&runtime, contestant)?;
        let taken = |count| -> Result<(u64, u64), BoxError> {
            let before = counts();
            runtime.block_on(subject.many(count))?;
            let after = counts();
            Ok((after.0 - before.0, after.1 - before.1))
        };
        let (once, twice) = (taken(COUNT)?, taken(COUNT * 2)?);
        let per_request = |once: u64, twice: u64| (twice as f64 - once as f64) / COUNT as f64;
        println!("{} {}", per_request(once.0, twice.0), per_request(once.1, twice.1));
    }
    Ok(())
}
