//! The raw queue, as R1's clients know it: each endpoint, what was broken there, and its Postman flow, in every
//! deployment.

mod at_once;
mod endpoints;
mod memory;
mod mended;
mod postman;
mod refusals;
mod task_queues;

use std::time::Duration;

use functions_host::StorageQueue;
use rusqlite::params;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::reply::Reply;

const MESSAGES: &str = "/api/queue/messages";

/// The time in the rows of a stranger, in milliseconds since 1970: long ago.
const LONG_AGO: i64 = 1_000;

/// The end in them: in the year 2286.
const FAR_AWAY: i64 = 9_999_999_999_999;

/// A service with a raw queue that no other has.
struct Raw {
    setting: Setting,
    deployment: Deployment,
    queue: String,
}

impl Raw {
    async fn start(setting: Setting) -> Self {
        let queue = format!("raw-{}", Uuid::now_v7());
        let deployment = Deployment::start(setting, &[("RAW_QUEUE_NAME", &queue)]).await;
        Self {
            setting,
            deployment,
            queue,
        }
    }

    /// Sends a request with the key.
    async fn send(&self, method: &str, path: &str) -> Reply {
        let client = &self.deployment.client;
        client.send(client.keyed(method, path)).await
    }

    /// The same with a body.
    async fn send_json(&self, method: &str, path: &str, body: &Value) -> Reply {
        let client = &self.deployment.client;
        client.send(client.keyed(method, path).json(body)).await
    }

    /// The body of an answer that is a success in R1's way: with 200.
    async fn ok(&self, method: &str, path: &str) -> Value {
        success(&self.send(method, path).await)
    }

    async fn create(&self, content: &Value) -> Value {
        success(&self.send_json("POST", MESSAGES, content).await)
    }

    /// Takes the only visible message.
    async fn lease_one(&self) -> Value {
        let leased = self.ok("GET", MESSAGES).await;
        let [message] = &leased["messages"].as_array().unwrap()[..] else {
            panic!("{leased}");
        };
        message.clone()
    }

    async fn length(&self) -> Value {
        self.ok("GET", "/api/queue/length").await["length"].clone()
    }

    /// Leaves a message that this service would not have made.
    async fn strangers_message(&self, text: &str) {
        match self.setting.account() {
            Some(account) => {
                let queue = StorageQueue::new(&account, &self.queue).unwrap();
                // The service makes its queues after it has said where it serves.
                queue.create().await.unwrap();
                queue.send(text).await.unwrap();
            }
            None => self.strangers_row(
                "INSERT INTO raw_messages
                    (id, queue, inserted_at, expires_at, visible_at, pop_receipt, text)
                 VALUES (?1, ?2, ?3, ?4, ?3, 'none', ?5)",
                params![
                    Uuid::now_v7().to_string(),
                    self.queue,
                    LONG_AGO,
                    FAR_AWAY,
                    text
                ],
            ),
        }
    }

    /// The text of the only message, as it is stored.
    async fn stored_text(&self) -> String {
        let Some(account) = self.setting.account() else {
            let file = self.deployment.folder().join("data/tasks.db");
            let file = rusqlite::Connection::open(file).unwrap();
            let text = file.query_row("SELECT text FROM raw_messages", [], |row| row.get(0));
            return text.unwrap();
        };
        let queue = StorageQueue::new(&account, &self.queue).unwrap();
        let mut messages = queue.receive(2, Duration::from_secs(60)).await.unwrap();
        assert_eq!(messages.len(), 1);
        messages.remove(0).text
    }

    /// Leaves a dead letter in this queue.
    async fn dead_letter(&self, queue: &str, text: &str) {
        match self.setting.account() {
            Some(account) => {
                let queue = StorageQueue::new(&account, queue).unwrap();
                // The service makes its queues after it has said where it serves.
                queue.create().await.unwrap();
                queue.send(text).await.unwrap();
            }
            None => self.strangers_row(
                "INSERT INTO messages (queue, inserted_at, visible_at, text) VALUES (?1, ?2, ?2, ?3)",
                params![queue, LONG_AGO, text],
            ),
        }
    }

    fn strangers_row(&self, statement: &str, values: &[&dyn rusqlite::ToSql]) {
        let file = self.deployment.folder().join("data/tasks.db");
        let file = rusqlite::Connection::open(file).unwrap();
        file.execute(statement, values).unwrap();
    }
}

fn success(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// R1's person.
fn ada() -> Value {
    json!({
        "first_name": "Ada",
        "last_name": "L",
        "age": 36,
        "occupation": "m",
        "location": "London"
    })
}

/// A path with a message's id.
fn path_of(message: &Value) -> String {
    format!("{MESSAGES}/{}", message["message_id"].as_str().unwrap())
}

/// Runs what holds everywhere in each deployment, as a test of its own.
macro_rules! in_every_deployment {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::helpers::deployment::Setting::Embedded).await;
            })+
        }
        mod azurite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::helpers::deployment::Setting::Azurite).await;
            })+
        }
        mod hosted {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::helpers::deployment::Setting::Hosted).await;
            })+
        }
    };
}
use in_every_deployment;
