//! Data frames out of a text with one on each line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
};

use claviger_auth_core::{Error, ErrorKind};

use crate::mqtt::{DataFrame, data_frame::MAX_LENGTH};

/// Reads data frames, one on each line. Empty lines are passed over.
///
/// # Example
///
/// ```
/// use claviger_clarify::mqtt::FrameLines;
///
/// let text = "{\"times\":[1],\"series\":{}}\n\nno frame\n";
/// let mut lines = FrameLines::new(text.as_bytes());
/// assert_eq!(lines.next_batch()?.len(), 1);
/// let error = lines.next_batch().unwrap_err();
/// assert_eq!(error.to_string(), "this is no data frame (line 3, column 2)");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Debug)]
pub struct FrameLines<R> {
    reader: BufReader<R>,
    number: u64,
    returned: u64,
    failed: Option<Error>,
}

impl FrameLines<&File> {
    /// Looks at each line of a file, and goes back to its beginning. A pipe and its like can be read but once: they
    /// are left as they are. It blocks.
    ///
    /// # Errors
    ///
    /// Those of [`next_batch`](Self::next_batch).
    pub fn check(mut file: &File) -> Result<(), Error> {
        if file.metadata().map_err(unreadable)?.is_file() {
            let mut lines = FrameLines::new(file);
            while !lines.next_batch()?.is_empty() {}
            file.rewind().map_err(unreadable)?;
        }
        Ok(())
    }
}

impl<R: Read> FrameLines<R> {
    /// Reads from this.
    #[must_use]
    pub fn new(reader: R) -> Self {
        let reader = BufReader::with_capacity(64 * 1024, reader);
        Self { reader, number: 0, returned: 0, failed: None }
    }

    /// Returns the frames that are there to be read at once, and waits for one; none at the end. It blocks.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) with the number of the line, if it is no data frame or the text
    /// cannot be read. The frames before it were returned then.
    pub fn next_batch(&mut self) -> Result<Vec<DataFrame>, Error> {
        let mut batch = Vec::new();
        while self.failed.is_none() {
            match self.frame() {
                Ok(None) => break,
                Ok(Some(frame)) => batch.push(frame),
                Err(error) => self.failed = Some(error),
            }
            // What is not there yet may be long in coming.
            if !batch.is_empty() && !self.reader.buffer().contains(&b'\n') {
                break;
            }
        }
        match self.failed.take_if(|_| batch.is_empty()) {
            Some(error) => Err(error),
            None => Ok(batch),
        }
    }

    /// Returns the number of the line of the last frame that was returned.
    #[must_use]
    pub fn line_number(&self) -> u64 {
        self.returned
    }

    fn frame(&mut self) -> Result<Option<DataFrame>, Error> {
        while let Some(line) = self.line()? {
            if !line.trim_ascii().is_empty() {
                let frame = DataFrame::from_json(line).map_err(|error| self.placed(error))?;
                self.returned = self.number;
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.number += 1;
        let mut line = Vec::new();
        // One byte more, and it is refused as too long.
        let read = self.reader.by_ref().take(MAX_LENGTH as u64 + 2).read_until(b'\n', &mut line);
        read.map_err(|error| self.placed(unreadable(error)))?;
        if line.is_empty() {
            self.number -= 1;
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok(Some(line))
    }

    fn placed(&self, error: Error) -> Error {
        let number = self.number;
        let subject = match error.subject() {
            Some(column) => format!("line {number}, {column}"),
            None => format!("line {number}"),
        };
        error.with_subject(subject)
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::new(ErrorKind::Configuration, "the data frames cannot be read").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &str = r#"{"times":[1],"series":{}}"#;

    /// Gives one piece of a text per read, as a pipe does.
    struct Pieces(Vec<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            into[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn does_not_wait_for_lines_that_are_not_there_yet() {
        let pieces = [format!("{FRAME}\n{FRAME}\r\n{{\"ti"), format!("{}\n", &FRAME[4..]), FRAME.to_owned()];
        let mut lines = FrameLines::new(Pieces(pieces.map(String::into_bytes).to_vec()));
        let mut batches = Vec::new();
        loop {
            let batch = lines.next_batch().unwrap();
            if batch.is_empty() {
                break;
            }
            batches.push((batch.len(), lines.line_number()));
        }
        assert_eq!(batches, [(2, 2), (1, 3), (1, 4)]);
    }

    #[test]
    fn names_the_line() {
        let text = format!("{FRAME}\n\n{FRAME}\n[]\n{FRAME}");
        let mut lines = FrameLines::new(text.as_bytes());
        assert_eq!((lines.next_batch().unwrap().len(), lines.line_number()), (2, 3), "what came before it");
        assert_eq!(lines.next_batch().unwrap_err().to_string(), "this is no data frame (line 4, column 2)");
        assert_eq!(lines.line_number(), 3);
        let long = "x".repeat(MAX_LENGTH + 1);
        let error = FrameLines::new(long.as_bytes()).next_batch().unwrap_err();
        assert!(error.to_string().starts_with("the data frame is longer than 8 MiB (line 1"), "{error}");
    }

    #[test]
    fn checks_a_file_and_begins_again_and_takes_nothing_of_a_pipe() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, format!("{FRAME}\n{FRAME}\n").as_bytes()).unwrap();
        file.rewind().unwrap();
        FrameLines::check(&file).unwrap();
        assert_eq!(FrameLines::new(&file).next_batch().unwrap().len(), 2);
        #[cfg(unix)]
        {
            let (from, mut to) = io::pipe().unwrap();
            io::Write::write_all(&mut to, format!("{FRAME}\n").as_bytes()).unwrap();
            drop(to);
            let from = File::from(std::os::fd::OwnedFd::from(from));
            FrameLines::check(&from).unwrap();
            assert_eq!(FrameLines::new(&from).next_batch().unwrap().len(), 1);
        }
    }
}
