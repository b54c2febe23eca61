//! Reads files that users bring, within bounds: whatever stands in their place.
//!
//! # What it does
//!
//! [`InputFile::read`] opens a path without waiting for anybody, looks at what it opened, and reads a file to its end,
//! or to a limit. A folder, a named pipe, a socket and a device are refused; a pipe that was handed to this very process
//! (`/dev/fd/3`, as a shell writes for `<(…)`) is read. What the file says of its owner and permissions is that of
//! the file that was read, and not of another that came in its place.
//!
//! # Where it sits
//!
//! Below everything that reads certificates, keys, credentials, secrets and settings. It knows of no other crate.
//!
//! # Example
//!
//! ```
//! use claviger_input_file::InputFile;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("secret.txt");
//! std::fs::write(&path, "swordfish")?;
//! assert_eq!(InputFile::read(&path, 9)?.bytes(), b"swordfish");
//! assert_eq!(InputFile::read(&path, 8).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
//! assert_eq!(InputFile::read(folder.path(), 8).unwrap_err().kind(), std::io::ErrorKind::IsADirectory);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What it does not do
//!
//! It has no words for users: who knows what the file is for has them. It writes nothing.

mod input_file;

pub use input_file::{InputFile, NotAFile};
