//! The ledger as a table, and the verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::ledger::{Book, Breach, Ending};
use crate::settings::Settings;

/// Of 1,000 accepted tasks, so many may fail: those whose message was delivered five times, each
/// time to a process that died or whose answer from storage was lost.
const MAY_FAIL: usize = 10;

/// So many may fail in any case: of few, one is much.
const HANDFUL: usize = 5;

/// How many breaches are told in full.
const TOLD: usize = 20;

/// What a run came to.
pub(crate) struct Outcome<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) settings: Settings,
    pub(crate) chaos: Duration,
    pub(crate) settled: Duration,
    pub(crate) folder: &'a Path,
    pub(crate) book: Book,
}

impl Outcome<'_> {
    /// Prints the table and judges. Prints around libtest, which would keep what a passing test
    /// says.
    pub(crate) fn judge(mut self) {
        let endings = self.endings();
        let mut rows = vec![
            ("seed".to_owned(), self.settings.seed),
            ("clients".to_owned(), self.settings.clients),
            ("seconds of chaos".to_owned(), self.chaos.as_secs()),
            ("seconds of settling".to_owned(), self.settled.as_secs()),
        ];
        let counts = std::mem::take(&mut self.book.counts);
        rows.extend(counts);
        rows.push(("accepted".to_owned(), self.book.tasks.len() as u64));
        rows.extend(
            endings
                .iter()
                .map(|(ending, count)| (format!("  {ending}"), *count)),
        );
        let fetched = self.book.tasks.values().filter(|task| task.fetched > 0);
        rows.push(("fetched".to_owned(), fetched.count() as u64));
        let unseen = self
            .book
            .tasks
            .values()
            .filter(|task| task.is_consumed_unseen());
        rows.push((
            "fetched by a reply that was cut".to_owned(),
            unseen.count() as u64,
        ));
        self.check(&endings);
        for breach in Breach::ALL {
            let found = self.book.breaches.iter().filter(|found| found.0 == breach);
            rows.push((format!("{breach:?}").to_lowercase(), found.count() as u64));
        }
        let mut table = format!("\nchaos: {}\n", self.scenario);
        for (name, value) in rows {
            let _ = writeln!(table, "  {name:<42}{value:>8}");
        }
        let _ = std::io::stderr().write_all(table.as_bytes());
        let told: Vec<_> = self.book.breaches.iter().take(TOLD).collect();
        assert!(
            told.is_empty(),
            "CHAOS_SEED={}, logs in {}: {told:#?}",
            self.settings.seed,
            self.folder.display()
        );
        let _ = std::fs::remove_dir_all(self.folder);
    }

    /// How many tasks ended in which way.
    fn endings(&self) -> BTreeMap<String, u64> {
        let mut endings = BTreeMap::new();
        for task in self.book.tasks.values() {
            let ending = match &task.ending {
                // Only what has succeeded can be consumed.
                None if task.is_consumed_unseen() => "succeeded".to_owned(),
                None => "not ended".to_owned(),
                Some(Ending::Succeeded) => "succeeded".to_owned(),
                Some(Ending::Failed(code)) => format!("failed, {code}"),
                Some(Ending::Canceled) => "canceled".to_owned(),
            };
            *endings.entry(ending).or_default() += 1;
        }
        endings
    }

    /// Fibonacci cannot fail, so a failure is a message that was given up.
    fn check(&mut self, endings: &BTreeMap<String, u64>) {
        let accepted = self.book.tasks.len();
        if accepted < self.settings.clients as usize / 4 {
            let what = format!("only {accepted} tasks were accepted, which proves little");
            self.book.breaches.push((Breach::Unexpected, what));
        }
        for (ending, count) in endings {
            let Some(code) = ending.strip_prefix("failed, ") else {
                continue;
            };
            let may_fail = (accepted * MAY_FAIL / 1_000).max(HANDFUL.min(accepted / 10));
            if code != "DeadLettered" || *count as usize > may_fail {
                let what = format!("{count} of {accepted} tasks {ending}");
                self.book.breaches.push((Breach::Unexpected, what));
            }
        }
    }
}
