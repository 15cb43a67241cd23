//! The handler as a process: start, readiness, crash, kill.
//!
//! Protocol: Process. One process is started; a non-zero exit restarts it at the first and second
//! and stops the host at the third; an exit with 0 is not noticed, as in the hosts that most
//! punish it; stopping is SIGKILL. The rule that two crashes more than 30 minutes apart count
//! anew is left out: no test lasts that long.

use std::net::TcpListener;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use hyper::{HeaderMap, Method};
use tokio::process::Child;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::Host;
use super::client::Payload;
use super::events::Event;
use super::launch::Executable;

/// Between two readiness checks.
const READINESS_POLL: Duration = Duration::from_millis(25);
/// The crash that stops the host.
const LAST_CRASH: u32 = 3;

/// Where the handler is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A process to start, told its port through the environment.
    Process(Executable),
    /// Somebody who listens on this port already: restarts are recorded, nothing is killed.
    Listening(u16),
}

/// The worker as the rest of the host sees it.
pub(crate) struct Worker {
    /// The same over all restarts.
    pub(crate) port: u16,
    state: watch::Sender<State>,
    restart: Notify,
    down: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    /// Exited with 0 and not missed: invocations go to a port where nobody listens.
    Gone,
}

/// Why a process is not there any more.
enum End {
    Exited(ExitStatus),
    NeverReady,
    RestartAsked,
    Down,
}

impl Worker {
    /// Picks the port. Nothing is started yet.
    pub(crate) fn new(source: &Source) -> std::io::Result<Self> {
        let port = match source {
            Source::Listening(port) => *port,
            Source::Process(_) => TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
        };
        Ok(Self {
            port,
            state: watch::Sender::new(State::Starting),
            restart: Notify::new(),
            down: Notify::new(),
        })
    }

    /// Resolves once the host believes that the handler answers.
    pub(crate) async fn ready(&self) {
        let mut state = self.state.subscribe();
        // The sender lives in `self`, so the channel cannot close.
        let _ = state.wait_for(|state| *state != State::Starting).await;
    }

    /// Resolves once the handler is not there, or not any more.
    pub(crate) async fn lost(&self) {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| *state != State::Ready).await;
    }

    /// Kills the process and starts it again: an invocation exceeded `functionTimeout`.
    pub(crate) fn restart(&self) {
        // Two that exceed it together must not cost the next process its life as well.
        if *self.state.borrow() == State::Ready {
            self.restart.notify_one();
        }
    }

    /// Ends `run`: the process is killed and stays dead.
    pub(crate) fn shut_down(&self) {
        self.down.notify_one();
    }

    /// Keeps the process going until it is shut down.
    pub(crate) async fn run(&self, host: &Arc<Host>, source: Source) {
        let mut crashes = 0;
        loop {
            let mut child = match &source {
                Source::Listening(_) => None,
                Source::Process(executable) => match executable.start(self.port, host) {
                    Ok(child) => Some(child),
                    Err(error) => {
                        // No restart: the host stays up and its invocations give up one by one.
                        host.error(format!("Failed to start Worker Channel: {error}"));
                        return self.down.notified().await;
                    }
                },
            };
            let process = child.as_ref().and_then(Child::id);
            host.events.push(Event::WorkerStarted { process });
            let end = self.watch(host, child.as_mut()).await;
            self.state.send_replace(State::Starting);
            if let Some(child) = &mut child {
                // Also after an exit, where it does nothing.
                let _ = child.kill().await;
            }
            match end {
                End::Down => return,
                End::RestartAsked => host.events.push(Event::WorkerKilled),
                End::NeverReady => {
                    host.events.push(Event::WorkerKilled);
                    crashes += 1;
                }
                End::Exited(status) => {
                    let code = status.code();
                    host.events.push(Event::WorkerExited { code });
                    match code {
                        Some(0) => {
                            self.state.send_replace(State::Gone);
                            return self.down.notified().await;
                        }
                        Some(200) => {}
                        _ => crashes += 1,
                    }
                }
            }
            if crashes == LAST_CRASH {
                host.error(format!("the worker failed {crashes} times"));
                host.stop("the worker kept failing");
                return self.down.notified().await;
            }
        }
    }

    async fn watch(&self, host: &Host, child: Option<&mut Child>) -> End {
        let exit = async {
            match child {
                Some(child) => child.wait().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An exit that explains why the host cannot reach the handler comes first.
            biased;
            () = self.down.notified() => End::Down,
            status = exit => End::Exited(status.unwrap_or_default()),
            () = self.restart.notified() => End::RestartAsked,
            () = self.readiness(host) => End::NeverReady,
        }
    }

    /// Asks `GET /` until there is any answer; returns only if there is none in time.
    async fn readiness(&self, host: &Host) {
        let url = format!("http://127.0.0.1:{}/", self.port);
        let answered = async {
            loop {
                let get = host
                    .client
                    .send(Method::GET, &url, HeaderMap::new(), Payload::Empty);
                match get.await {
                    Err(error) if error.is_refused() => sleep(READINESS_POLL).await,
                    _ => return,
                }
            }
        };
        let limit = host.manifest.custom_handler.initialization_timeout;
        if tokio::time::timeout(limit, answered).await.is_ok() {
            self.state.send_replace(State::Ready);
            host.events.push(Event::WorkerReady);
            std::future::pending::<()>().await;
        }
        host.error("the worker was not ready in time".to_owned());
    }
}
