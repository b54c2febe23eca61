//! Files for secrets: for their user alone, replaced as a whole, locked against other processes.
//!
//! # What it does
//!
//! [`prepare_folder`] makes a folder that nobody else may enter, and refuses one that others may write to.
//! [`PrivateFile`] reads a file that is its user's alone, and replaces it so that whoever reads, and whatever is
//! interrupted, there is the whole of the old one or the whole of the new one. A [`Lock`] lets one process at a time
//! replace it, and is given back however that process ends.
//!
//! # Where it sits
//!
//! ```text
//! TokenStore, FileSessionStore, SealedSecret ─▶ PrivateFile ─▶ the file system
//!                                               ▲▲▲ here
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_private_file::{PrivateFile, prepare_folder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! let folder = home.path().join("claviger");
//! prepare_folder(&folder).expect("a new folder is ours alone");
//! let file = PrivateFile::new(&folder, "acme", "json");
//! let lock = file.try_lock()?.expect("nobody else has it");
//! file.write(b"swordfish", &lock)?;
//! assert_eq!(file.read()?.expect("it is there").as_slice(), b"swordfish");
//! assert!(file.try_lock()?.is_none());
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It encrypts nothing, and cannot keep out another program of the same user. The lock binds those alone who ask for
//! it; between machines, over a network's file system, it seldom holds. On Windows there are no permissions to
//! look at: a user's profile is closed to others there.

mod folder;
mod private_file;

pub use {
    folder::{Problem, prepare_folder},
    private_file::{Lock, PrivateFile},
};
