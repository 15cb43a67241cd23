//! Between those who log and the stream: lines wait for a thread that writes them, so that a reader who
//! has stalled (a full pipe, a terminal that was stopped, a disk that hangs) keeps nobody from work.
//!
//! What waits is bounded. A line that finds no room is dropped and counted, and the count is written
//! once the reader reads on, where the lines are missing.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What waits at most, in bytes: five thousand lines or so. The thread has as much in hand.
pub(super) const MAX_WAITING: usize = 1024 * 1024;

/// How long the end of the process waits for the reader.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Lines of this process that were dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How many lines were dropped so far.
pub(super) fn dropped() -> u64 {
    DROPPED.load(Relaxed)
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines that found no room since the thread last took what waited: they would follow it.
    dropped: u64,
    is_writing: bool,
}

/// What waits to be written.
#[derive(Default)]
pub(super) struct Buffer {
    state: Mutex<State>,
    /// Told when something waits that was empty before.
    filled: Condvar,
    /// Told when what the thread had taken is written.
    written: Condvar,
}

impl Buffer {
    /// Starts the thread that writes to `stream`. `lament` makes the line that tells of dropped ones.
    pub(super) fn start(
        mut stream: impl Write + Send + 'static,
        lament: impl Fn(u64) -> Vec<u8> + Send + 'static,
    ) -> io::Result<Arc<Self>> {
        let buffer = Arc::new(Self::default());
        let taking = Arc::clone(&buffer);
        thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || {
                let mut lines = Vec::new();
                loop {
                    let dropped = taking.take(&mut lines);
                    if dropped > 0 {
                        lines.extend(lament(dropped));
                    }
                    // A reader who is gone is not told anything any more, and nobody else is.
                    let _ = stream.write_all(&lines).and_then(|()| stream.flush());
                }
            })?;
        Ok(buffer)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines and moves them into `lines`, whose memory is used for the next ones. Gives how
    /// many were dropped behind them.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        lines.clear();
        let mut state = self.state();
        state.is_writing = false;
        self.written.notify_all();
        let mut state = self
            .filled
            .wait_while(state, |state| state.waiting.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.waiting, lines);
        state.is_writing = true;
        std::mem::take(&mut state.dropped)
    }

    fn put(&self, line: &[u8]) {
        let mut state = self.state();
        // From the first dropped one on, so that those that are missing are in one place.
        if state.dropped > 0 || state.waiting.len() + line.len() > MAX_WAITING {
            state.dropped += 1;
            DROPPED.fetch_add(1, Relaxed);
            return;
        }
        let was_empty = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
    }

    fn flush(&self, timeout: Duration) {
        let is_behind = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        let waited = self
            .written
            .wait_timeout_while(self.state(), timeout, is_behind);
        drop(waited);
    }
}

/// Where the logger writes: each write is a whole line, and none waits.
pub(super) struct Entry(pub(super) Arc<Buffer>);

impl Write for Entry {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keep it to the end of the process: dropping it waits, for a second at most, until what was logged
/// has been written.
#[must_use = "what was logged last is lost without it"]
pub struct Flush(pub(super) Arc<Buffer>);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.flush(FLUSH_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A stream whose reader takes what was written when it likes.
    struct Pipe(Sender<Vec<u8>>, Receiver<()>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            self.1.recv().map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Scene {
        entry: Entry,
        written: Receiver<Vec<u8>>,
        reads: Sender<()>,
    }

    fn scene() -> Scene {
        let (write, written) = channel();
        let (reads, read) = channel();
        let lament = |count| format!("{count} dropped\n").into_bytes();
        let buffer = Buffer::start(Pipe(write, read), lament).unwrap();
        Scene {
            entry: Entry(buffer),
            written,
            reads,
        }
    }

    impl Scene {
        /// What is written next, by a reader who takes it.
        fn read(&self) -> String {
            let bytes = self.written.recv().unwrap();
            self.reads.send(()).unwrap();
            String::from_utf8(bytes).unwrap()
        }
    }

    #[test]
    fn lines_come_out_in_order() {
        let mut scene = scene();
        for line in ["one\n", "two\n", "three\n"] {
            scene.entry.write_all(line.as_bytes()).unwrap();
        }
        let mut read = String::new();
        while !read.ends_with("three\n") {
            read += &scene.read();
        }
        assert_eq!(read, "one\ntwo\nthree\n");
    }

    #[test]
    fn a_reader_who_stalls_stops_nobody_and_is_told_what_is_missing() {
        let mut scene = scene();
        scene.entry.write_all(b"first\n").unwrap();
        // The thread has it in hand, and waits for the reader.
        let first = scene.written.recv().unwrap();
        assert_eq!(first, b"first\n");
        let line = format!("{}\n", "x".repeat(99));
        let fitting = MAX_WAITING / line.len();
        for _ in 0..fitting + 7 {
            scene.entry.write_all(line.as_bytes()).unwrap();
        }
        // Short enough for what is left; but what is missing is missing in one place.
        scene.entry.write_all(b"x\n").unwrap();
        scene.reads.send(()).unwrap();

        let read = scene.read();
        assert_eq!(read.len(), fitting * line.len() + "8 dropped\n".len());
        assert!(read.ends_with("x\n8 dropped\n"));
        scene.entry.write_all(b"next\n").unwrap();
        assert_eq!(scene.read(), "next\n");
    }

    #[test]
    fn the_end_waits_for_what_was_logged_but_not_for_ever() {
        let mut scene = scene();
        let flush = Flush(Arc::clone(&scene.entry.0));
        scene.entry.write_all(b"last\n").unwrap();
        // Nobody reads.
        drop(flush);
        assert_eq!(scene.read(), "last\n");
        scene.entry.0.flush(Duration::from_secs(60));
        assert!(scene.written.try_recv().is_err());
    }
}
