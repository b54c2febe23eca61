//! A long body that is made while it is read.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Streams one byte many times over, then a tail.
#[derive(Debug)]
pub struct Filler {
    chunk: Bytes,
    left: u64,
    tail: Option<Bytes>,
}

impl Filler {
    /// Streams `byte` `length` times, then `tail`.
    pub fn new(byte: u8, length: u64, tail: Bytes) -> Self {
        Self { chunk: Bytes::from(vec![byte; CHUNK]), left: length, tail: Some(tail) }
    }
}

impl Body for Filler {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(self.tail.take().map(|tail| Ok(Frame::data(tail))));
        }
        let length = usize::try_from(self.left).unwrap_or(CHUNK).min(CHUNK);
        self.left -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(self.chunk.slice(..length)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left + self.tail.as_ref().map_or(0, |tail| tail.len() as u64))
    }
}

const CHUNK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn streams_as_much_as_it_announces() {
        let filler = Filler::new(b'.', CHUNK as u64 + 3, Bytes::from_static(b"end"));
        assert_eq!(filler.size_hint().exact(), Some(CHUNK as u64 + 6));
        let body = filler.collect().await.unwrap().to_bytes();
        assert_eq!(body.len(), CHUNK + 6);
        assert!(body.ends_with(b"...end"));
    }
}
