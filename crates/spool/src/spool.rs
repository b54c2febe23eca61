//! The records that are not acknowledged yet, on disk.

mod cursor;
mod files;
mod segment;

use std::{
    collections::VecDeque,
    fmt,
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_private_file::{Problem, prepare_folder};

use self::{
    cursor::{Cursor, Mark},
    segment::{Reader, Segment},
};

/// Keeps records on disk until whoever they are sent to has acknowledged them.
///
/// The folder has files of records (`….records`), to which records are appended, each with its length and a CRC-32;
/// `cursor`, which says up to which record all are acknowledged; and `lock`, for one process at a time. They are for
/// their user alone (on Unix: 0600, in a folder of 0700). Records are never changed, only appended; a file whose
/// records are all acknowledged is removed: the last one if it has more than 64 KiB, or when the spool is closed.
///
/// # What a crash costs
///
/// A record is written out to the disk (fsync) once the file that [`append`](Self::append) names is
/// synced. What was appended and not yet written out when the power failed may be torn: it is cut off at the next
/// start, [`cut_bytes`](Self::cut_bytes) tells how much, and a file `….torn` keeps it. A last record that the disk
/// damaged looks the same. Damage with a whole record behind it is no crash's: the spool is not opened, and nothing in
/// it is changed. The cursor is written after each answer, and written out to
/// the disk after 256 of them: the end of the process costs none of it; after a power failure the records of the last
/// answers may be sent once more, and those that were never noted as sent count as new. Where the cursor is lost, all
/// that is there counts as sent before.
///
/// # Example
///
/// ```
/// use claviger_spool::Spool;
///
/// # let home = tempfile::tempdir()?;
/// # let folder = home.path().join("spool");
/// let spool = Spool::builder(&folder).with_limit(1024 * 1024).open()?;
/// assert_eq!(spool.waiting(), 0);
/// assert!(Spool::builder(&folder).open().is_err(), "one at a time");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    limit: u64,
    cursor: Cursor,
    mark: Mark,
    /// The oldest first; the last one is appended to. Never empty.
    segments: VecDeque<Segment>,
    reader: Option<Reader>,
    cut_bytes: u64,
    _lock: File,
}

/// A record as it is to be sent.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// Records are counted from the first that ever was in this folder.
    pub number: u64,
    /// What was appended.
    pub payload: Vec<u8>,
    /// It was sent before, by this process or another; nobody knows whether it arrived.
    pub is_resent: bool,
}

impl fmt::Debug for Record {
    /// Shows how long it is. What it says is somebody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("number", &self.number)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

impl Spool {
    /// Names the folder; it is made if it is missing.
    #[must_use]
    pub fn builder(folder: impl Into<PathBuf>) -> SpoolBuilder {
        let folder = folder.into();
        SpoolBuilder { root: folder.clone(), folder, limit: 256 * 1024 * 1024 }
    }

    /// Returns the folder it is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns how many records are not acknowledged yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.next() - self.mark.acknowledged
    }

    /// Returns how many bytes were cut off when it was opened, and put into a file `….torn`: what a crash left of records
    /// that were being appended, or a last record that is damaged.
    #[must_use]
    pub fn cut_bytes(&self) -> u64 {
        self.cut_bytes
    }

    /// Appends as many of these records as there is room for, and tells how many, and what to sync.
    ///
    /// They are safe when that is synced (`File::sync_data`): all appended before it are.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if a record is longer than 8 MiB or than the spool may be, or the
    /// files cannot be written.
    pub fn append(&mut self, records: &[impl AsRef<[u8]>]) -> Result<(usize, Arc<File>), Error> {
        let mut count = 0;
        for record in records {
            let record = record.as_ref();
            let length = segment::length_of(record);
            if length > self.limit || record.len() > LONGEST {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    "the record is larger than the spool may be",
                )
                .with_subject(self.folder.display().to_string())
                .with_advice("let the spool grow larger, or spread the record over several"));
            }
            // With nothing to wait for, what is full makes room by itself.
            let must_roll = count == 0 && self.waiting() == 0 && self.occupied() + length > self.limit;
            if must_roll || self.last().length() >= self.segment_size() {
                self.roll().map_err(|error| self.broken(error))?;
            }
            if self.occupied() + length > self.limit {
                break;
            }
            self.last_mut().push(record);
            count += 1;
        }
        self.last_mut().write().map_err(|error| self.broken(error))?;
        Ok((count, self.last().file()))
    }

    /// Reads the next record that this process has not sent since it was [`rewound`](Self::rewind).
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the files cannot be used.
    pub fn read(&mut self) -> Result<Option<Record>, Error> {
        let number = self.reader.as_ref().map_or(self.mark.acknowledged, Reader::number);
        if number == self.next() {
            return Ok(None);
        }
        let payload = self.read_at(number).map_err(|error| self.broken(error))?;
        Ok(Some(Record { number, payload, is_resent: number < self.mark.sent }))
    }

    /// Goes back to the first record that is not acknowledged.
    pub fn rewind(&mut self) {
        self.reader = None;
    }

    /// Notes that all that was read is about to be sent.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the files cannot be used.
    pub fn mark_sent(&mut self) -> Result<(), Error> {
        let sent = self.reader.as_ref().map_or(self.mark.sent, Reader::number);
        self.note(Mark { sent: sent.max(self.mark.sent), ..self.mark })
    }

    /// Notes that all up to this record, and this one, are acknowledged.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the files cannot be used.
    pub fn acknowledge(&mut self, number: u64) -> Result<(), Error> {
        self.note(Mark { acknowledged: number + 1, ..self.mark })?;
        self.clear().map_err(|error| self.broken(error))?;
        self.tidy(SMALL);
        Ok(())
    }

    /// Says what is wrong with the files, as when the one that was appended to cannot be synced.
    #[must_use]
    pub fn broken(&self, error: io::Error) -> Error {
        broken(&self.folder, error)
    }

    fn note(&mut self, mark: Mark) -> Result<(), Error> {
        if mark != self.mark {
            self.cursor.write(mark).map_err(|error| self.broken(error))?;
            self.mark = mark;
        }
        Ok(())
    }

    fn read_at(&mut self, number: u64) -> io::Result<Vec<u8>> {
        let segment = self.segments.iter().find(|segment| segment.range().contains(&number));
        let segment = segment.ok_or(io::ErrorKind::NotFound)?;
        let reader = match self.reader.take() {
            Some(reader) if reader.first() == segment.range().start => reader,
            _ => segment.reader(number)?,
        };
        self.reader.insert(reader).read()
    }

    /// Begins another file, and clears away those that are done with.
    fn roll(&mut self) -> io::Result<()> {
        // Only the last file may be torn: the one before is written out before there is another.
        self.last_mut().write()?;
        self.last().file().sync_data()?;
        if self.last().length() > 0 {
            self.segments.push_back(Segment::create(&self.folder, self.next())?);
        }
        self.clear()
    }

    /// Leaves nothing of what is acknowledged on the disk, if all is and it is more than this.
    fn tidy(&mut self, more_than: u64) {
        if self.waiting() == 0 && self.last().length() > more_than {
            // It can wait, for room on the disk too.
            let _ = self.roll();
        }
    }

    fn clear(&mut self) -> io::Result<()> {
        while self.segments.len() > 1
            && self.segments.front().is_some_and(|it| it.end() <= self.mark.acknowledged)
        {
            // Not before the disk knows that nobody needs it.
            self.cursor.sync()?;
            self.segments.pop_front().map_or(Ok(()), Segment::remove)?;
        }
        Ok(())
    }

    /// The number that the next record gets.
    fn next(&self) -> u64 {
        self.last().end()
    }

    fn occupied(&self) -> u64 {
        self.segments.iter().map(Segment::length).sum()
    }

    /// So small that room comes back bit by bit.
    fn segment_size(&self) -> u64 {
        (self.limit / 4).min(4 * 1024 * 1024)
    }

    fn last(&self) -> &Segment {
        self.segments.back().expect("there is always one")
    }

    fn last_mut(&mut self) -> &mut Segment {
        self.segments.back_mut().expect("there is always one")
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.tidy(0);
    }
}

/// Opens a [`Spool`].
#[derive(Clone, Debug)]
pub struct SpoolBuilder {
    folder: PathBuf,
    root: PathBuf,
    limit: u64,
}

impl SpoolBuilder {
    /// Sets how many bytes its files may take together. Default: 256 MiB.
    #[must_use]
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Looks at this folder above it too, and at those between: all of them must be its user's alone to write to. Default:
    /// its own folder only.
    #[must_use]
    pub fn with_root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.root = folder.into();
        self
    }

    /// Opens it, and puts aside what a crash left half written. It blocks.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration): others may write to its folder, another process has it open, a file in it is damaged, or the
    /// operating system says no.
    pub fn open(self) -> Result<Spool, Error> {
        let Self { folder, root, limit } = self;
        let folders: Vec<_> = folder.ancestors().take_while(|it| it.starts_with(&root)).collect();
        folders.into_iter().rev().try_for_each(prepare_folder).map_err(|problem| match problem {
            Problem::Refused(error) => error,
            Problem::Unusable(error) => broken(&folder, error),
        })?;
        let lock = lock(&folder)?;
        let (mut cursor, known) = Cursor::open(&folder).map_err(|error| broken(&folder, error))?;
        let mark = known.unwrap_or_default();
        let (segments, cut_bytes) = load(&folder, mark).map_err(|error| broken(&folder, error))?;
        let first = segments.front().map_or(0, |segment| segment.range().start);
        let next = segments.back().map_or(0, Segment::end);
        // Should the power have failed before the cursor was written out, it says less than the files do.
        let acknowledged = mark.acknowledged.max(first);
        // And if it is lost, nobody knows what was sent.
        let sent = known.map_or(next, |mark| mark.sent.clamp(acknowledged, next));
        let mark = Mark { acknowledged, sent };
        cursor.write_both(mark).map_err(|error| broken(&folder, error))?;
        Ok(Spool { folder, limit, cursor, mark, segments, reader: None, cut_bytes, _lock: lock })
    }
}

/// Opens all files that have something to send, the last one to be appended to.
fn load(folder: &Path, mark: Mark) -> io::Result<(VecDeque<Segment>, u64)> {
    let (mut segments, mut cut_bytes) = (VecDeque::<Segment>::new(), 0);
    let names = segment::list(folder)?;
    for (index, first) in names.iter().enumerate() {
        let next = names.get(index + 1);
        let segment = Segment::open(folder, *first..next.copied().unwrap_or(u64::MAX))?;
        match next {
            // All of it is acknowledged, whatever is left of it.
            Some(next) if *next <= mark.acknowledged => segment.remove()?,
            Some(next) if segment.end() < *next => return Err(segment::damaged(segment.end())),
            Some(_) => segments.push_back(segment),
            None => {
                cut_bytes = segment.cut()?;
                segments.push_back(segment);
            }
        }
    }
    // The power failed after records were acknowledged, and before they were written out.
    let end = segments.back().map_or(0, Segment::end);
    if segments.is_empty() || end < mark.acknowledged {
        segments.drain(..).try_for_each(Segment::remove)?;
        segments.push_back(Segment::create(folder, mark.acknowledged)?);
    }
    Ok((segments, cut_bytes))
}

fn lock(folder: &Path) -> Result<File, Error> {
    let file = files::private().create(true).write(true).open(folder.join("lock"));
    let file = file.map_err(|error| broken(folder, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(ErrorKind::Configuration, "another process has this spool open")
                .with_subject(folder.display().to_string())
                .with_advice("wait until it has ended, or name another folder"))
        }
        Err(TryLockError::Error(error)) => Err(broken(folder, error)),
    }
}

fn broken(folder: &Path, error: io::Error) -> Error {
    let is = |kinds: &[io::ErrorKind]| kinds.contains(&error.kind());
    let advice = if is(&[io::ErrorKind::InvalidData]) {
        "the disk may be failing: move the folder away, and send its records anew from where they came"
    } else if is(&[io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded]) {
        "make room on the disk"
    } else {
        "check the folder, its permissions and the disk"
    };
    Error::new(ErrorKind::Configuration, "the spool cannot be used")
        .with_subject(folder.display().to_string())
        .with_advice(advice)
        .with_source(error)
}

/// What is acknowledged and no more than that may stay until it is closed.
const SMALL: u64 = 64 * 1024;
/// The longest record: 8 MiB.
const LONGEST: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests;
