//! Azurite, the emulator of Azure Storage, for the tests that need the real protocol.
//!
//! [`azurite`] is one instance for the whole test binary, on free ports: a test isolates itself with its
//! own container and queue names. A test that stops, pauses or wipes storage starts its own with
//! [`Azurite::start`].
//!
//! Each keeps its data in a folder. In memory, Azurite 3.35 deletes what is gone a minute after its
//! start, and then every minute, without answering meanwhile: for up to 92 seconds after many messages.
//!
//! No instance outlives its test process, however that ends. Azurite runs under a shell that waits
//! for the end of its standard input, a pipe that only the test process holds: the system closes
//! it even after a `SIGKILL`, and the shell then kills Azurite, also a paused one.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use azure_core::credentials::Secret;
use azure_core::hmac::hmac_sha256;
use azure_core::http::Url;
use backends::azure::Account;
use tempfile::{TempDir, tempdir};

/// Every emulator's key, which is public.
pub const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Where `npm run setup --prefix tests` puts it.
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/node_modules/azurite/dist/src/azurite.js"
);

/// Starts Azurite in the background, says its process id, and kills it when the input ends. The
/// shell outlives an interrupt from the terminal, and gives up its own copy of the output, so that
/// Azurite's end is seen. It then deletes the folder that `SCRATCH` names, if any.
const WATCHDOG: &str = r#"trap '' INT HUP; "$@" & echo $!; exec >/dev/null; cat; kill -KILL $! 2>/dev/null
wait; [ -z "$SCRATCH" ] || rm -rf -- "$SCRATCH""#;

/// The instance that all tests share.
pub fn azurite() -> &'static Azurite {
    static SHARED: OnceLock<Azurite> = OnceLock::new();
    SHARED.get_or_init(|| Azurite::start_in(Folder::Scratch(tempdir().unwrap().keep()), None))
}

/// A running Azurite, or a stopped private one.
#[derive(Debug)]
pub struct Azurite {
    /// The first to be dropped: its folder goes after it.
    running: Option<Running>,
    folder: Folder,
    /// Where its certificate is, when it speaks https and takes identities.
    certificates: Option<PathBuf>,
    blob_port: u16,
    queue_port: u16,
}

/// Where an instance keeps its data.
#[derive(Debug)]
enum Folder {
    /// Goes with the instance.
    Own(TempDir),
    /// Goes with the test process, which drops no static.
    Scratch(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Scratch(path) => path,
        }
    }
}

/// The processes of one instance.
#[derive(Debug)]
struct Running {
    watchdog: Child,
    lifeline: Option<ChildStdin>,
    /// Kept open: Azurite would fail to print its farewell.
    output: BufReader<ChildStdout>,
    pid: String,
}

impl Azurite {
    /// An instance of one's own. Its data survive a restart.
    pub fn start() -> Self {
        Self::start_in(Folder::Own(tempdir().unwrap()), None)
    }

    /// One that speaks https, with the certificate of a folder (`certificate.pem`, `key.pem`), and takes the tokens
    /// of identities: it reads what they say, and does not check who signed them.
    pub fn encrypted(certificates: &Path) -> Self {
        let certificates = Some(certificates.to_owned());
        Self::start_in(Folder::Own(tempdir().unwrap()), certificates)
    }

    fn start_in(folder: Folder, certificates: Option<PathBuf>) -> Self {
        let mut azurite = Self {
            running: None,
            folder,
            certificates,
            blob_port: 0,
            queue_port: 0,
        };
        azurite.restart();
        azurite
    }

    /// A connection string with the account's key.
    pub fn connection_string(&self) -> String {
        format!(
            "AccountName=devstoreaccount1;AccountKey={KEY};{}",
            self.endpoints()
        )
    }

    /// The endpoints alone, as a part of a connection string.
    pub fn endpoints(&self) -> String {
        let [blobs, queues] = self.services();
        format!("BlobEndpoint={blobs};QueueEndpoint={queues}")
    }

    /// The URLs of its blobs and of its queues.
    pub fn services(&self) -> [String; 2] {
        let scheme = if self.certificates.is_some() {
            "https"
        } else {
            "http"
        };
        [self.blob_port, self.queue_port]
            .map(|port| format!("{scheme}://127.0.0.1:{port}/devstoreaccount1"))
    }

    /// An account SAS for blobs and queues with these permissions, as a connection string.
    pub fn sas(&self, permissions: &str) -> String {
        let (from, until) = ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z");
        let (version, services, resources, protocols) = ("2025-11-05", "bq", "sco", "https,http");
        let to_sign = format!(
            "devstoreaccount1\n{permissions}\n{services}\n{resources}\n{from}\n{until}\n\n{protocols}\n{version}\n\n"
        );
        let signature = hmac_sha256(&to_sign, &Secret::new(KEY.to_owned())).unwrap();
        let mut url = Url::parse("http://localhost").unwrap();
        url.query_pairs_mut().extend_pairs([
            ("sv", version),
            ("ss", services),
            ("srt", resources),
            ("sp", permissions),
            ("st", from),
            ("se", until),
            ("spr", protocols),
            ("sig", &signature),
        ]);
        let sas = url.query().unwrap();
        format!("{};SharedAccessSignature=?{sas}", self.endpoints())
    }

    /// The same as settings.
    pub fn account(&self) -> Account {
        Account::from_connection_string(&self.connection_string()).unwrap()
    }

    /// Starts a stopped instance again, on the ports it had.
    pub fn restart(&mut self) {
        assert!(
            self.running.is_none(),
            "stop Azurite before starting it again"
        );
        let mut running = Running::spawn(self);
        self.blob_port = running.port_of("Blob");
        self.queue_port = running.port_of("Queue");
        running.port_of("Table");
        self.running = Some(running);
    }

    /// Ends the instance in good order, so that it has saved its data.
    pub fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.signal("TERM");
            let mut rest = Vec::new();
            let _ = running.output.read_to_end(&mut rest);
        }
    }

    /// Stops the process where it is: connections are still accepted, and never answered.
    pub fn pause(&self) {
        self.running.as_ref().unwrap().signal("STOP");
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.running.as_ref().unwrap().signal("CONT");
    }
}

impl Running {
    /// Port 0 lets the system choose.
    fn spawn(azurite: &Azurite) -> Self {
        let Azurite {
            folder,
            certificates,
            blob_port,
            queue_port,
            ..
        } = azurite;
        assert!(
            Path::new(SCRIPT).exists(),
            "Azurite is not installed; run: npm run setup --prefix tests"
        );
        let mut command = Command::new("sh");
        command.args(["-c", WATCHDOG, "sh", "node", SCRIPT]);
        command.args(["--silent", "--disableTelemetry", "--tablePort", "0"]);
        command.args(["--blobPort", &blob_port.to_string()]);
        command.args(["--queuePort", &queue_port.to_string()]);
        command.arg("--location").arg(folder.path());
        if let Some(certificates) = certificates {
            command
                .arg("--cert")
                .arg(certificates.join("certificate.pem"));
            command.arg("--key").arg(certificates.join("key.pem"));
            command.args(["--oauth", "basic"]);
        }
        if let Folder::Scratch(path) = folder {
            command.env("SCRATCH", path);
        }
        let mut watchdog = command
            .current_dir(env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Azurite needs a POSIX shell");
        let lifeline = watchdog.stdin.take();
        let mut output = BufReader::new(watchdog.stdout.take().unwrap());
        let mut pid = String::new();
        output.read_line(&mut pid).unwrap();
        Self {
            watchdog,
            lifeline,
            output,
            pid: pid.trim().to_owned(),
        }
    }

    /// Waits for a service to say where it listens.
    fn port_of(&mut self, service: &str) -> u16 {
        let said = format!("Azurite {service} service is successfully listening at ");
        let mut line = String::new();
        loop {
            line.clear();
            let length = self.output.read_line(&mut line).unwrap();
            assert!(
                length > 0,
                "Azurite ended before its {service} service was up"
            );
            if let Some(url) = line.strip_prefix(&said) {
                let port = url.trim().rsplit(':').next().unwrap();
                return port.parse().unwrap();
            }
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid]).status();
        assert!(status.unwrap().success(), "Azurite has ended by itself");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.watchdog.wait();
    }
}
