//! What every route gets.

use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::memory::Memory;
use super::problem::Problem;
use super::requests::Requests;
use ports::{QueueName, RawQueue, Secret};

use crate::origins::Origins;
use crate::surfaces::Surfaces;
use engine::{Tasks, Workflows};

/// The state of the API on one server thread.
#[derive(Clone)]
pub struct Api {
    /// The domain.
    pub tasks: Tasks,
    /// What it does with instances beside that.
    pub workflows: Workflows,
    /// The queue of clients' own messages, if there is one.
    pub raw_queue: Option<OwnQueue>,
    /// Where the server listens.
    pub address: SocketAddr,
    /// `hosted` or `standalone`, as health tells it.
    pub mode: &'static str,
    /// `embedded` or `azure`, as health tells it.
    pub storage: &'static str,
    /// The base of links, if it is not the one the client used.
    pub public_base_url: Option<String>,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How long a client may take to send one.
    pub body_timeout: Duration,
    /// How long storage may take for a request, in all.
    pub request_budget: Duration,
    /// What bodies may hold of memory, on all threads.
    pub memory: Memory,
    /// What was asked of all threads.
    pub requests: Requests,
    /// Who may use the routes that need a key.
    pub access: Access,
    /// Which pages browsers let call us.
    pub browsers: Browsers,
    /// What is done with what comes without the name of a kind.
    pub surfaces: Arc<Surfaces>,
}

/// A queue of clients' own messages, open.
#[derive(Clone)]
pub struct OwnQueue {
    /// Its name.
    pub name: QueueName,
    /// What is done to it.
    pub messages: Arc<dyn RawQueue>,
}

/// Which pages may call the service from a browser, though they are not its own.
#[derive(Clone, Debug)]
pub enum Browsers {
    /// The Functions host says, and answers their questions.
    ByHost,
    /// Those of these origins.
    From(Origins),
}

/// Who may use the routes that need a key.
#[derive(Clone, Debug)]
pub enum Access {
    /// The Functions host has checked its own key before it forwarded the request.
    CheckedByHost {
        /// These open what the host lets everybody ask for.
        own: Arc<[Secret]>,
    },
    /// Whoever sends one of these.
    Checked(Arc<Keys>),
}

/// The keys of standalone mode.
#[derive(Debug, Default)]
pub struct Keys {
    /// Of the routes that list, manage or measure; without any they are closed.
    pub api: Vec<Secret>,
    /// Of submission, for which the others are good as well; without any it is open.
    pub submit: Vec<Secret>,
}

impl FromRequest for Api {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let api = request.app_data::<Self>().cloned();
        ready(api.ok_or_else(|| Problem::internal(&"the server has no state").into()))
    }
}
