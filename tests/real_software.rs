//! Finds and starts software that is not ours.

use std::{
    env,
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::{spawn_blocking, yield_now},
    time::timeout,
};

/// Looks for software by the name it has in xtask's list: on the path as a program, or installed below the
/// folder of real software. Where it is missing, the test is written down as skipped and must return.
pub(crate) fn needs(software: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    // Debian has servers where not everybody's path leads.
    let directories = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let program = directories.map(|directory| directory.join(software)).find(|file| file.is_file());
    let installed = real_folder().join(software);
    let found = program.or_else(|| is_whole(&installed, software).then_some(installed));
    if found.is_none() {
        skip(software);
    }
    found
}

/// Whether npm or pip came to its end: the folder alone may be left of an installation that broke off.
fn is_whole(installed: &Path, software: &str) -> bool {
    let of_npm = installed.join("node_modules").join(software).join("package.json");
    let of_pip = || {
        let libraries = fs::read_dir(installed.join("lib")).into_iter().flatten();
        let packages =
            libraries.flat_map(|library| fs::read_dir(library.unwrap().path().join("site-packages")));
        let mut names = packages.flatten().map(|package| package.unwrap().file_name());
        let prefix = format!("{software}-");
        names.any(|name| name.to_str().is_some_and(|name| name.starts_with(&prefix)))
    };
    of_npm.is_file() || of_pip()
}

fn skip(software: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    println!("SKIPPED {test} for want of {software}");
    if let Some(file) = variable("CLAVIGER_SKIPPED") {
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        // In one piece, since other tests write there too.
        file.write_all(format!("{test}\t{software}\n").as_bytes()).unwrap();
    }
}

/// Where xtask installs what is no program; known without it too, for those who run cargo themselves.
fn real_folder() -> PathBuf {
    variable("CLAVIGER_REAL_DIR").map_or_else(|| target_folder().join("../real"), PathBuf::from)
}

/// `target/debug`, or what it is called in this build: this program is in its folder `deps`.
pub(crate) fn target_folder() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.parent().and_then(Path::parent).unwrap().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "xtask says by the environment where things are")]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// A child process, which does not outlive its test.
pub(crate) struct Running {
    child: Child,
    said: Option<Box<dyn Read + Send>>,
}

/// Where a program says what the test waits for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Says {
    OnStderr,
    OnStdout,
}

impl Running {
    /// Starts a program. What it does not say where it is listened to is lost.
    pub(crate) fn start(command: &mut Command, says: Says) -> Self {
        let [out, err] = match says {
            Says::OnStderr => [Stdio::null(), Stdio::piped()],
            Says::OnStdout => [Stdio::piped(), Stdio::null()],
        };
        let mut child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().unwrap();
        let stdout = child.stdout.take().map(|stdout| Box::new(stdout) as Box<dyn Read + Send>);
        let stderr = child.stderr.take().map(|stderr| Box::new(stderr) as Box<dyn Read + Send>);
        Self { child, said: stdout.or(stderr) }
    }

    /// Reads up to the line that the test waits for, and gives what `find` made of it.
    pub(crate) async fn wait_for_line<T, F>(&mut self, find: F) -> T
    where
        T: Send + 'static,
        F: Fn(&str) -> Option<T> + Send + 'static,
    {
        let said = self.said.take().unwrap();
        let waiting = spawn_blocking(move || {
            let mut lines = BufReader::new(said).lines();
            let mut passed = Vec::new();
            while let Some(line) = lines.next().transpose().unwrap() {
                if let Some(found) = find(&line) {
                    // Whoever goes on writing must not find the pipe closed.
                    thread::spawn(move || lines.for_each(drop));
                    return found;
                }
                passed.push(line);
            }
            panic!("it ended, and had said {passed:?}");
        });
        timeout(PATIENCE, waiting).await.expect("it says nothing").unwrap()
    }

    /// Asks it to end, as a terminal or a service manager does, and gives its exit code.
    pub(crate) async fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let ending = spawn_blocking(move || self.child.wait().unwrap().code());
        timeout(PATIENCE, ending).await.expect("it does not end").unwrap()
    }

    /// Waits until it takes connections. It tells whether it does: false if it has ended.
    pub(crate) async fn listens_on(&mut self, address: SocketAddr) -> bool {
        let connecting = async {
            loop {
                if TcpStream::connect(address).await.is_ok() {
                    return true;
                }
                if self.child.try_wait().unwrap().is_some() {
                    return false;
                }
                yield_now().await;
            }
        };
        timeout(PATIENCE, connecting).await.expect("it does not listen")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end, while this thread goes on with the sandbox.
pub(crate) async fn run(mut command: Command, input: impl Into<Vec<u8>>) -> Output {
    let input = input.into();
    let running = spawn_blocking(move || {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One who does not read its input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(&input);
        child.wait_with_output().unwrap()
    });
    timeout(PATIENCE, running).await.expect("it does not end").unwrap()
}

/// An address that was free a moment ago.
pub(crate) async fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
}

/// Writes files into a folder of the test's own.
pub(crate) fn folder_with<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const PATIENCE: Duration = Duration::from_secs(30);
