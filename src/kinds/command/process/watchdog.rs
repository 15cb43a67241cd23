//! Ends the commands of a service that died.
//!
//! A process that is killed cannot end its children. One shell for all of them does: it holds a pipe from the
//! service, is told each group that begins and ends, and when the pipe closes it kills those that are
//! left. It needs a shell at `/bin/sh`; without one the log says that nobody watches.
//!
//! What it cannot see: a process that left its group (`setsid`), and a command that was started in the
//! microseconds before the service died. The latter finds its input closed.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::Pid;

/// Who stops a service and all that it started sends these to the shell as well, whose time comes later.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=
while read -r sign group; do
  rest=
  for other in $groups; do
    [ "$other" = "$group" ] || rest="$rest $other"
  done
  groups=$rest
  [ "$sign" = - ] || groups="$groups $group"
done
for group in $groups; do
  kill -s KILL -- "-$group"
done
"#;

/// A shell that ends the groups of this process when it has died. It is started with the first of them.
#[derive(Debug, Default)]
pub struct Watchdog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shell: Option<Child>,
    groups: HashSet<Pid>,
}

enum Sign {
    Begins,
    Ends,
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begins => "+",
            Self::Ends => "-",
        })
    }
}

impl Watchdog {
    /// Ends this group when this process has died.
    pub(super) fn watch(&self, group: Pid) {
        let mut state = self.state();
        state.groups.insert(group);
        state.tell(Sign::Begins, group);
    }

    /// This group has ended.
    pub(super) fn forget(&self, group: Pid) {
        let mut state = self.state();
        state.groups.remove(&group);
        state.tell(Sign::Ends, group);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The shell reads at once, and a pipe holds thousands of lines: nobody waits here.
    fn tell(&mut self, sign: Sign, group: Pid) {
        let told = match &mut self.shell {
            Some(shell) => write_to(shell, &line(sign, group)),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        if told.is_err() {
            // None yet, or somebody killed it: a new one is told all.
            if let Err(error) = self.start() {
                log::warn!("nobody ends commands should this process be killed: {error}");
            }
        }
    }

    fn start(&mut self) -> io::Result<()> {
        if let Some(mut old) = self.shell.take() {
            old.kill()?;
            old.wait()?;
        }
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let groups = self.groups.iter();
        let lines: String = groups.map(|group| line(Sign::Begins, *group)).collect();
        let told = write_to(&mut shell, &lines);
        self.shell = Some(shell);
        told
    }
}

fn line(sign: Sign, group: Pid) -> String {
    format!("{sign} {}\n", group.as_raw_nonzero())
}

fn write_to(shell: &mut Child, lines: &str) -> io::Result<()> {
    match &mut shell.stdin {
        Some(pipe) => pipe.write_all(lines.as_bytes()),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

/// Its pipe closes first, so that it ends.
impl Drop for State {
    fn drop(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            // Closes its input; what is there to do takes it no time.
            let _ = shell.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A group of a process that would go on.
    fn group() -> (Child, Pid) {
        let child = Command::new("sleep")
            .arg("1000")
            .process_group(0)
            .spawn()
            .unwrap();
        let number = i32::try_from(child.id()).unwrap();
        (child, Pid::from_raw(number).unwrap())
    }

    #[test]
    fn groups_that_have_not_ended_are_killed_when_the_pipe_closes() {
        let watchdog = Watchdog::default();
        let ((mut one, first), (mut other, second)) = (group(), group());
        watchdog.watch(first);
        watchdog.watch(second);
        watchdog.forget(first);
        drop(watchdog);
        assert!(!other.wait().unwrap().success());
        assert!(one.try_wait().unwrap().is_none());
        one.kill().unwrap();
        one.wait().unwrap();
    }

    #[test]
    fn a_shell_that_was_killed_is_replaced_and_told_all() {
        let watchdog = Watchdog::default();
        let ((mut one, first), (mut other, second)) = (group(), group());
        watchdog.watch(first);
        let mut state = watchdog.state();
        let shell = state.shell.as_mut().unwrap();
        shell.kill().unwrap();
        let pipe = shell.stdin.take();
        shell.wait().unwrap();
        shell.stdin = pipe;
        drop(state);
        watchdog.watch(second);
        drop(watchdog);
        assert!(!one.wait().unwrap().success());
        assert!(!other.wait().unwrap().success());
    }
}
