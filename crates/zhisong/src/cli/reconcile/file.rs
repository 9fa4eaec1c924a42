//! Reads a file piece by piece, beside the call that sends it.

use std::fs::File;
use std::io::{self, Read as _};

use indicatif::ProgressBar;
use tokio::sync::mpsc::Sender;

const PIECE_BYTES: usize = 64 * 1024;

/// Sends the first `length` bytes of a file, until nobody takes them any more.
pub(super) fn send(
    file: File,
    length: u64,
    pieces: &Sender<Vec<u8>>,
    bar: &ProgressBar,
) -> io::Result<()> {
    let mut file = file.take(length);
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece)?;
        piece.truncate(read);
        if read == 0 || pieces.blocking_send(piece).is_err() {
            // When nobody takes it, the call has ended and says why.
            return Ok(());
        }
        bar.inc(read as u64);
    }
}
