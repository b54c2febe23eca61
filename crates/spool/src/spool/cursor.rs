//! How far it has come, in two places that are written in turn: a crash spoils one of them at most.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::files;

/// How far it has come. Both numbers only ever grow.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Mark {
    /// All records before this one are acknowledged.
    pub(super) acknowledged: u64,
    /// All records from this one on were never sent.
    pub(super) sent: u64,
}

#[derive(Debug)]
pub(super) struct Cursor {
    file: File,
    writes: u64,
}

impl Cursor {
    /// Reads it; nothing if there is none, or none that is whole.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Option<Mark>)> {
        let path = folder.join("cursor");
        let mut file = files::private().create(true).read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let marks: Vec<_> = bytes.chunks(SLOT).map(decode).collect();
        let newest = marks.iter().copied().max().flatten();
        // The other one is overwritten first.
        let writes = u64::from(newest.is_some() && marks.first().copied() == Some(newest));
        Ok((Self { file, writes }, newest))
    }

    pub(super) fn write(&mut self, mark: Mark) -> io::Result<()> {
        let slot = self.writes % 2 * SLOT as u64;
        self.file.seek(SeekFrom::Start(slot))?;
        self.file.write_all(&encode(mark))?;
        self.writes += 1;
        if self.writes.is_multiple_of(WRITES_PER_SYNC) { self.sync() } else { Ok(()) }
    }

    /// Writes it to both places and out to the disk: from then on it takes no more room there.
    pub(super) fn write_both(&mut self, mark: Mark) -> io::Result<()> {
        for _ in 0..2 {
            self.write(mark)?;
            self.sync()?;
        }
        Ok(())
    }

    /// Writes out to the disk what was written.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn encode(mark: Mark) -> [u8; SLOT] {
    let mut bytes = [0; SLOT];
    let (numbers, check) = bytes.split_at_mut(SLOT - 4);
    let (acknowledged, sent) = numbers.split_at_mut(8);
    acknowledged.copy_from_slice(&mark.acknowledged.to_le_bytes());
    sent.copy_from_slice(&mark.sent.to_le_bytes());
    check.copy_from_slice(&crc32fast::hash(numbers).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Mark> {
    let (numbers, check) = bytes.split_at_checked(SLOT - 4)?;
    let (acknowledged, sent) = numbers.split_at(8);
    let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
    let mark = Mark { acknowledged: number(acknowledged)?, sent: number(sent)? };
    (check == crc32fast::hash(numbers).to_le_bytes()).then_some(mark)
}

const SLOT: usize = 20;
/// A disk takes some milliseconds for it, which so many writes share.
const WRITES_PER_SYNC: u64 = 256;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn goes_back_one_step_at_most_when_a_write_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cursor");
        let mark = |number| Mark { acknowledged: number, sent: number + 3 };
        for number in 1..20 {
            let (mut cursor, before) = Cursor::open(folder.path()).unwrap();
            assert_eq!(before, (number > 1).then(|| mark(number - 1)));
            let old = fs::read(&path).unwrap();
            cursor.write(mark(number)).unwrap();
            let new = fs::read(&path).unwrap();
            for torn in 0..new.len() {
                let mut bytes = new[..torn].to_vec();
                bytes.extend(old.get(torn..).unwrap_or_default());
                fs::write(&path, &bytes).unwrap();
                let (_, found) = Cursor::open(folder.path()).unwrap();
                assert!(found == Some(mark(number)) || found == before, "{number} {torn}: {found:?}");
            }
            fs::write(&path, &new).unwrap();
        }
    }
}
