use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, Take};

use contracts::issuance::v1::{ListedMember, ListedMembers};
use encoding_rs::Encoding;
use indicatif::ProgressBar;
use tokio::sync::mpsc::Sender;

use super::super::sheet::{Record, Records, decode, header_names, invalid};

/// Members of one message, as the contract states.
const MEMBERS_MAX: usize = 1_024;
/// What is in the column of members, at most: more is no member, and is not sent.
const MEMBER_CHARS: usize = 36;
/// The names that the column of members may have.
const NAMES: [&str; 2] = ["member_id", "会员编号"];

/// A list whose header has been read.
pub(super) struct List {
    records: Records<BufReader<Take<File>>>,
    column: usize,
    encoding: &'static Encoding,
}

impl List {
    /// Opens a file at its beginning and finds the column of members. Of a file that grows
    /// meanwhile, only what was there is read.
    pub(super) fn open(
        mut file: File,
        length: u64,
        encoding: &'static Encoding,
    ) -> io::Result<Self> {
        file.rewind()?;
        let mut records = Records::new(BufReader::new(file.take(length)));
        let (line, names) = header_names(&mut records, encoding)?;
        let is_member = |name: &String| NAMES.contains(&name.trim_start_matches('\u{feff}').trim());
        let column = names.iter().position(is_member).ok_or_else(|| {
            let names = NAMES.join(" or ");
            invalid(format!("line {line}, the header: no column is named {names}"))
        })?;
        Ok(Self { records, column, encoding })
    }

    /// Sends the rows, until nobody takes them any more. What cannot be read is sent as a row
    /// without a member, so that it is refused and reported in its place.
    pub(super) fn send(
        mut self,
        messages: &Sender<ListedMembers>,
        bar: &ProgressBar,
    ) -> io::Result<()> {
        let mut members = Vec::with_capacity(MEMBERS_MAX);
        while let Some((row, record)) = self.records.next()? {
            let member_id = record.ok().and_then(|record| self.member(&record));
            members.push(ListedMember { row, member_id: member_id.unwrap_or_default() });
            if members.len() == MEMBERS_MAX {
                bar.set_position(self.records.used());
                let members = std::mem::take(&mut members);
                if messages.blocking_send(ListedMembers { members }).is_err() {
                    return Ok(());
                }
            }
        }
        bar.set_position(self.records.used());
        if !members.is_empty() {
            // When nobody takes it, the call has ended and says why.
            let _ = messages.blocking_send(ListedMembers { members });
        }
        Ok(())
    }

    fn member(&self, record: &Record) -> Option<String> {
        let text = decode(record.cells().nth(self.column)?, self.encoding)?;
        Some(text.trim().chars().take(MEMBER_CHARS + 1).collect())
    }
}
