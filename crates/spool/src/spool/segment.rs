//! One file of records: for each its length and CRC-32, little-endian, and the record.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{LONGEST, files};

/// A file of records, named by the number of its first.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: Arc<File>,
    range: Range<u64>,
    /// What is written, and what is pushed and not written yet.
    length: u64,
    pushed: Vec<u8>,
    pushed_count: u64,
}

impl Segment {
    pub(super) fn create(folder: &Path, first: u64) -> io::Result<Self> {
        let path = path(folder, first);
        let file = files::private().create(true).read(true).write(true).truncate(true).open(&path)?;
        files::sync_folder(folder);
        Ok(Self::new(path, file, first..first, 0))
    }

    /// Opens one that has these records at most, up to the first that is not whole.
    pub(super) fn open(folder: &Path, records: Range<u64>) -> io::Result<Self> {
        let path = path(folder, records.start);
        let file = files::private().read(true).write(true).open(&path)?;
        let mut reader = Reader::new(File::open(&path)?, records.start);
        let mut length = 0;
        while reader.next < records.end {
            match reader.read() {
                Ok(payload) => length += (HEADER + payload.len()) as u64,
                Err(error) if NO_RECORD.contains(&error.kind()) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Self::new(path, file, records.start..reader.next, length))
    }

    fn new(path: PathBuf, file: File, range: Range<u64>, length: u64) -> Self {
        Self { path, file: Arc::new(file), range, length, pushed: Vec::new(), pushed_count: 0 }
    }

    /// Puts what is behind the last whole record into a file of its own, cuts it off, and tells how much it was.
    ///
    /// It is damaged, and left as it is, if there is another whole record in that: no torn write leaves one.
    pub(super) fn cut(&self) -> io::Result<u64> {
        let mut tail = Vec::new();
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.length))?;
        file.read_to_end(&mut tail)?;
        if tail.is_empty() {
            return Ok(0);
        }
        if (1..tail.len()).filter_map(|at| tail.get(at..)).any(begins_with_record) {
            return Err(damaged(self.end()));
        }
        let path = self.path.with_file_name(format!("{:020}{ASIDE}", self.end()));
        let mut aside = files::private().create(true).append(true).open(&path)?;
        aside.write_all(&tail)?;
        aside.sync_all()?;
        files::sync_folder(path.parent().unwrap_or(&path));
        self.file.set_len(self.length)?;
        self.file.sync_all()?;
        Ok(tail.len() as u64)
    }

    pub(super) fn remove(self) -> io::Result<()> {
        drop(self.file);
        fs::remove_file(self.path)
    }

    /// Takes a record, to be [written](Self::write) with others.
    pub(super) fn push(&mut self, payload: &[u8]) {
        let length = (payload.len() as u32).to_le_bytes();
        self.pushed.extend(length);
        self.pushed.extend(check(&length, payload));
        self.pushed.extend(payload);
        self.pushed_count += 1;
    }

    /// Writes what was pushed. If it cannot, all of that is forgotten.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let pushed = std::mem::take(&mut self.pushed);
        let count = std::mem::take(&mut self.pushed_count);
        let mut file = &*self.file;
        let written = file.seek(SeekFrom::Start(self.length)).and_then(|_| file.write_all(&pushed));
        if written.is_err() {
            let _ = file.set_len(self.length);
        }
        written?;
        self.length += pushed.len() as u64;
        self.range.end += count;
        Ok(())
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Which records are in it.
    pub(super) fn range(&self) -> &Range<u64> {
        &self.range
    }

    pub(super) fn end(&self) -> u64 {
        self.range.end
    }

    pub(super) fn length(&self) -> u64 {
        self.length + self.pushed.len() as u64
    }

    /// Reads it from this record on.
    pub(super) fn reader(&self, number: u64) -> io::Result<Reader> {
        let mut reader = Reader::new(File::open(&self.path)?, self.range.start);
        while reader.next < number {
            reader.read()?;
        }
        Ok(reader)
    }
}

/// Reads the records of one file, one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    file: BufReader<File>,
    first: u64,
    next: u64,
}

impl Reader {
    fn new(file: File, first: u64) -> Self {
        Self { file: BufReader::new(file), first, next: first }
    }

    /// The number of the first record of its file.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The number of the record that is read next.
    pub(super) fn number(&self) -> u64 {
        self.next
    }

    /// Reads a record. [`NO_RECORD`] says that there is none, or none that is whole.
    pub(super) fn read(&mut self) -> io::Result<Vec<u8>> {
        let (mut length, mut expected) = ([0; 4], [0; 4]);
        self.file.read_exact(&mut length)?;
        self.file.read_exact(&mut expected)?;
        let size = u32::from_le_bytes(length) as usize;
        if size > LONGEST {
            return Err(damaged(self.next));
        }
        let mut payload = vec![0; size];
        self.file.read_exact(&mut payload)?;
        if check(&length, &payload) != expected {
            return Err(damaged(self.next));
        }
        self.next += 1;
        Ok(payload)
    }
}

/// Whether there is a whole record first.
fn begins_with_record(bytes: &[u8]) -> bool {
    let parts =
        bytes.split_first_chunk().and_then(|(length, rest)| Some((length, rest.split_first_chunk()?)));
    parts.is_some_and(|(length, (expected, rest))| {
        let payload = rest.get(..u32::from_le_bytes(*length) as usize);
        payload.is_some_and(|payload| check(length, payload) == *expected)
    })
}

/// Lists the files in a folder by the numbers of their first records, in order.
pub(super) fn list(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(EXTENSION)?.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// How much of a file a record takes.
pub(super) fn length_of(record: &[u8]) -> u64 {
    (HEADER + record.len()) as u64
}

pub(super) fn damaged(number: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("record {number} or one behind it is damaged"))
}

/// Of the length too: a run of zeros is no record.
fn check(length: &[u8; 4], payload: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(length);
    hasher.update(payload);
    hasher.finalize().to_le_bytes()
}

fn path(folder: &Path, first: u64) -> PathBuf {
    // All of the same length, so that a listing is in order.
    folder.join(format!("{first:020}{EXTENSION}"))
}

const NO_RECORD: [io::ErrorKind; 2] = [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof];
const EXTENSION: &str = ".records";
/// What was cut off is kept in files named so.
const ASIDE: &str = ".torn";
const HEADER: usize = 8;
