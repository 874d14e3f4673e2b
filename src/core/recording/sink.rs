//! The sink of a recording: takes lines from any thread without waiting, and writes them on a thread of its own.

use super::line::{Header, Line, RecordedEvent};
use crate::error::Error;
use crate::time::Time;
use crossbeam::channel::{self, Receiver, RecvTimeoutError, Sender};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines that may wait for the disk; one more is lost, and the recording says so.
const CAPACITY: usize = 16_384;
/// Written lines reach the system after this long, and the disk after that.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
const SYNC_EVERY: Duration = Duration::from_secs(2);

/// Takes the lines of one recording. Clones share it.
#[derive(Clone)]
pub struct RecordSink(Arc<Shared>);

struct Shared {
    notes: Sender<Note>,
    n_lost: AtomicU64,
    n_runs: AtomicU64,
}

enum Note {
    Line(Line),
    Close(Time),
}

impl RecordSink {
    /// Writes down what happened. Never waits: if too much is to be written already, the line is lost,
    /// and counted.
    ///
    /// What is written under a lock stands in the order of that lock.
    pub fn write(&self, at: Time, event: RecordedEvent) {
        let line = Line { t: u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), event };
        if self.0.notes.try_send(Note::Line(line)).is_err() {
            self.0.n_lost.fetch_add(1, Relaxed);
        }
    }

    /// A number for a run, from 0.
    pub fn number_run(&self) -> u64 {
        self.0.n_runs.fetch_add(1, Relaxed)
    }
}

/// The thread that writes a sink into a file.
pub struct Recorder {
    sink: RecordSink,
    thread: JoinHandle<io::Result<Summary>>,
}

/// What became of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines that were written, without the first and the last.
    pub n_lines: u64,
    /// Lines that were lost, since the disk could not keep up.
    pub n_lost: u64,
    /// The length of the file.
    pub n_bytes: u64,
}

impl Recorder {
    /// Begins a recording in a new file.
    ///
    /// # Errors
    /// Plain words: the file is there already, or can't be written.
    pub fn start(path: &Path, header: &Header) -> Result<Self, Error> {
        let file = File::create_new(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("{} is there already: name a new file", path.display())
            }
            _ => format!("{} can't be written: {error}", path.display()),
        })?;
        Self::write_to(file, header, CAPACITY, |file| file.sync_data())
            .map_err(|error| format!("{} can't be written: {error}", path.display()).into())
    }

    fn write_to<W: Write + Send + 'static>(
        file: W,
        header: &Header,
        capacity: usize,
        sync: impl Fn(&W) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (notes, received) = channel::bounded(capacity);
        let shared = Shared { notes, n_lost: AtomicU64::new(0), n_runs: AtomicU64::new(0) };
        let sink = RecordSink(Arc::new(shared));
        let mut file = Counted { file: BufWriter::new(file), n_bytes: 0 };
        serde_json::to_writer(&mut file, header)?;
        file.write_all(b"\n")?;
        let writer =
            Writer { file, sync, shared: Arc::clone(&sink.0), summary: Summary::default() };
        let thread = std::thread::Builder::new()
            .name("enjamb:record".into())
            .spawn(move || writer.run(&received))?;
        Ok(Self { sink, thread })
    }

    /// What to write to.
    pub fn sink(&self) -> &RecordSink {
        &self.sink
    }

    /// Ends the recording. What happens from now on is not in it.
    ///
    /// # Errors
    /// Plain words, when not all of it could be written.
    pub fn close(self, now: Time) -> Result<Summary, Error> {
        // It is gone only if it could not write, which it then says.
        let _ = self.sink.0.notes.send(Note::Close(now));
        match self.thread.join() {
            Ok(written) => {
                written.map_err(|error| format!("the recording broke off: {error}").into())
            }
            Err(_) => Err("the recording broke off: its thread has a fault".into()),
        }
    }
}

struct Writer<W: Write, S> {
    file: Counted<W>,
    sync: S,
    shared: Arc<Shared>,
    summary: Summary,
}

impl<W: Write, S: Fn(&W) -> io::Result<()>> Writer<W, S> {
    fn run(mut self, notes: &Receiver<Note>) -> io::Result<Summary> {
        let written = self.write_all(notes);
        if let Err(error) = &written {
            tracing::error!("the recording breaks off: {error}; all else goes on");
        }
        written.map(|()| self.summary)
    }

    fn write_all(&mut self, notes: &Receiver<Note>) -> io::Result<()> {
        let (mut flushed, mut synced) = (Instant::now(), Instant::now());
        loop {
            match notes.recv_timeout(FLUSH_EVERY) {
                Ok(Note::Line(line)) => {
                    self.tell_lost(line.t)?;
                    self.write(&line)?;
                    self.summary.n_lines += 1;
                }
                Ok(Note::Close(now)) => {
                    let t = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
                    self.tell_lost(t)?;
                    self.write(&Line { t, event: RecordedEvent::Close })?;
                    self.file.flush()?;
                    self.summary.n_bytes = self.file.n_bytes;
                    return (self.sync)(self.file.file.get_ref());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.file.flush(),
            }
            if flushed.elapsed() >= FLUSH_EVERY {
                self.file.flush()?;
                flushed = Instant::now();
            }
            if synced.elapsed() >= SYNC_EVERY {
                (self.sync)(self.file.file.get_ref())?;
                synced = Instant::now();
            }
        }
    }

    /// Says that lines were lost: here or a little later, never before.
    fn tell_lost(&mut self, t: u64) -> io::Result<()> {
        let lines = self.shared.n_lost.swap(0, Relaxed);
        if lines == 0 {
            return Ok(());
        }
        if self.summary.n_lost == 0 {
            tracing::warn!("the recording loses lines: its disk can't keep up");
        }
        self.summary.n_lost += lines;
        self.write(&Line { t, event: RecordedEvent::Lost { lines } })
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, line)?;
        self.file.write_all(b"\n")
    }
}

struct Counted<W: Write> {
    file: BufWriter<W>,
    n_bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_written = self.file.write(bytes)?;
        self.n_bytes += n_written as u64;
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::{Ending, Reader};
    use super::*;
    use std::io::Cursor;
    use std::sync::{Mutex, mpsc};

    /// A disk that writes when it is told to.
    #[derive(Clone)]
    struct SlowDisk(Arc<Mutex<Vec<u8>>>, Arc<Mutex<mpsc::Receiver<()>>>);

    impl Write for SlowDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.lock().unwrap().recv();
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_disk_loses_lines_and_says_so_and_nobody_waits() {
        let (go, wait) = mpsc::channel();
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let disk = SlowDisk(Arc::clone(&bytes), Arc::new(Mutex::new(wait)));
        let recorder = Recorder::write_to(disk, &Header::for_tests(), 4, |_| Ok(())).unwrap();
        let n_all = 5000;
        for t in 0..n_all {
            recorder.sink().write(Time::from_nanos(t), RecordedEvent::Turn { chain: "c".into() });
        }
        drop(go);
        let summary = recorder.close(Time::from_nanos(n_all)).unwrap();
        assert!(summary.n_lost > 0 && summary.n_lines + summary.n_lost == n_all, "{summary:?}");
        let bytes = bytes.lock().unwrap().clone();
        assert_eq!(bytes.len() as u64, summary.n_bytes);
        let mut reader = Reader::new(Cursor::new(bytes)).unwrap();
        let (mut n_read, mut n_lost) = (0, 0);
        while let Some(line) = reader.next_line().unwrap() {
            match line.event {
                RecordedEvent::Lost { lines } => n_lost += lines,
                _ => n_read += 1,
            }
        }
        assert_eq!((n_read, n_lost), (summary.n_lines, summary.n_lost));
        assert_eq!(reader.ending(), Ending::Closed);
    }
}
