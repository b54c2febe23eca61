//! Keeps records on disk until they are acknowledged.
//!
//! # What it does
//!
//! A [`Spool`] is a queue in a folder, for whoever sends things over a line that fails: what is in it outlives lost
//! connections, restarts and crashes, and leaves it when the other side has acknowledged it.
//!
//! # Where it sits
//!
//! ```text
//! records ─▶ Spool (disk) ─▶ whoever sends them, and acknowledges: claviger-clarify's MQTT publisher
//!            ▲▲▲ here
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_spool::Spool;
//!
//! # let home = tempfile::tempdir()?;
//! # let folder = home.path().join("spool");
//! let mut spool = Spool::builder(&folder).open()?;
//! let (count, file) = spool.append(&["one", "two"])?;
//! file.sync_data()?;
//! assert_eq!(count, 2);
//!
//! let first = spool.read()?.expect("it is not acknowledged");
//! assert_eq!(first.payload, b"one");
//! spool.mark_sent()?;
//! spool.acknowledge(first.number)?;
//! assert_eq!(spool.waiting(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It sends nothing. It encrypts nothing: records lie on the disk as they are, for their user alone. One process at a
//! time has a spool open, and its calls block.

mod spool;

pub use spool::{Record, Spool, SpoolBuilder};
