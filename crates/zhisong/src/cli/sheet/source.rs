//! A file of rows that is taken in.

use std::path::PathBuf;

use indicatif::ProgressBar;
use prost::Message;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};

use super::super::arguments::Shown;
use super::super::failure::Failure;
use super::super::output::{BYTES, bar};
use super::{Reader, Said, Shape, Survey, Unreadable, file_problem, joined, look_through, open};

/// Messages that wait to be sent: the file is read no faster than the service takes it.
const AHEAD: usize = 2;

/// A file that has been looked through.
pub(in crate::cli) struct Source {
    path: PathBuf,
    survey: Survey,
    length: u64,
}

/// A file that is being read.
pub(in crate::cli) struct Reading {
    path: PathBuf,
    bar: ProgressBar,
    task: JoinHandle<std::io::Result<Unreadable>>,
}

impl Source {
    /// Looks through a file.
    pub(in crate::cli) async fn begin(
        path: PathBuf,
        said: Said,
        shown: Shown,
    ) -> Result<Self, Failure> {
        let (survey, length) = look_through(&path, said, shown).await?;
        Ok(Self { path, survey, length })
    }

    /// What was found.
    pub(in crate::cli) fn survey(&self) -> &Survey {
        &self.survey
    }

    /// Reads the rows behind `after_line`, the rows of a message at a time.
    pub(in crate::cli) fn read<Row: Message + 'static>(
        &self,
        shape: Shape<Row>,
        after_line: i64,
        shown: Shown,
    ) -> Result<(ReceiverStream<Vec<Row>>, Reading), Failure> {
        let (file, length) = open(&self.path)?;
        let length = length.min(self.length);
        let reader = Reader::open(file, length, self.survey.encoding, shape);
        let reader = reader.map_err(|why| file_problem(&self.path, &why))?;
        let bar = bar(shown, "import", length, BYTES);
        let (rows, sent) = mpsc::channel(AHEAD);
        let task = tokio::task::spawn_blocking({
            let bar = bar.clone();
            move || reader.send(after_line, &rows, &bar)
        });
        Ok((ReceiverStream::new(sent), Reading { path: self.path.clone(), bar, task }))
    }
}

impl Reading {
    /// What the service answered, and the rows that could not be sent to it. A call that broke is
    /// to be repeated under its import id.
    pub(in crate::cli) async fn end<T>(
        self,
        answered: Result<Response<T>, Status>,
        import_id: &str,
    ) -> Result<(T, Unreadable), Failure> {
        self.bar.finish_and_clear();
        let answered =
            answered.map_err(|status| Failure::from(status).or_resume(|| advice(import_id)));
        let answered = answered?.into_inner();
        Ok((answered, joined(self.task.await, &self.path)?))
    }
}

/// Says that an earlier command came so far.
pub(in crate::cli) fn say_resumed(import_id: &str, after_line: i64) {
    if after_line > 0 {
        eprintln!(
            "import {import_id} has been decided up to line {after_line}: going on behind it"
        );
    }
}

fn advice(import_id: &str) -> String {
    format!(
        "what was committed stays: repeat the command to go on behind it (import id {import_id})"
    )
}
