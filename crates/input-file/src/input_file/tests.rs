use super::*;

#[test]
fn reads_to_the_limit_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, [7; 10]).unwrap();
    assert_eq!(InputFile::read(&path, 10).unwrap().bytes(), [7; 10]);
    assert_eq!(InputFile::read(&path, 9).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(InputFile::read(&folder.path().join("b"), 9).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!format!("{:?}", InputFile::read(&path, 10).unwrap()).contains("7, 7"));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    use std::os::unix::net::UnixListener;

    let folder = tempfile::tempdir().unwrap();
    let (pipe, socket) = (folder.path().join("pipe"), folder.path().join("socket"));
    make_pipe(&pipe);
    let _socket = UnixListener::bind(&socket).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&pipe, &link).unwrap();
    for path in [&pipe, &link, &socket, Path::new("/dev/zero"), Path::new("/dev/null")] {
        assert_eq!(InputFile::read(path, 9).unwrap_err().kind(), ErrorKind::InvalidInput, "{path:?}");
    }
    assert_eq!(InputFile::read(folder.path(), 9).unwrap_err().kind(), ErrorKind::IsADirectory);
}

#[cfg(unix)]
#[test]
fn a_pipe_that_was_handed_over_is_waited_for() {
    use std::{io::Write, os::fd::AsRawFd, thread};

    let (reader, mut writer) = io::pipe().unwrap();
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    let writing = thread::spawn(move || writer.write_all(b"swordfish").unwrap());
    assert_eq!(InputFile::read(Path::new(&path), 9).unwrap().bytes(), b"swordfish");
    writing.join().unwrap();
    drop(reader);
}

#[cfg(unix)]
fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}
