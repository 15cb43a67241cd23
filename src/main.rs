//! The `handler` binary: do the command it was given; or choose the mode, start, say why it stopped.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use async_request_reply::commands::Command;
use async_request_reply::config::{self, Config, LogFormat, Mode, Storage};
use async_request_reply::kinds;
use async_request_reply::logging::{self, Flush};
use async_request_reply::panics;
use async_request_reply::startup::{Application, StartError};

fn main() -> ExitCode {
    if let Some(command) = Command::asked_for(env::args_os()) {
        return command.run();
    }
    panics::log_panics();
    let (config, remarks) = match config::read() {
        Ok(read) => read,
        Err(error) => {
            let _flush = logging::init("info", LogFormat::Text);
            log::error!("cannot start: {error}");
            return ExitCode::from(2);
        }
    };
    let flush = logging::init(&config.log_filter, config.log_format);
    for remark in remarks {
        log::warn!("{remark}");
    }
    match actix_web::rt::System::new().block_on(run(config)) {
        Ok(()) => {
            log::info!("stopped");
            // Work that ignored its stop request would keep the runtime from ending.
            end(flush, 0)
        }
        Err(error) => {
            log::error!("{error}");
            end(flush, 1)
        }
    }
}

/// Ends the process, once its last lines have been written.
fn end(flush: Flush, code: i32) -> ! {
    drop(flush);
    std::process::exit(code)
}

async fn run(config: Config) -> Result<(), StartError> {
    let kinds = kinds::standard(config.max_number);
    let (mode, storage) = (config.mode, config.storage.clone());
    let place = match &storage {
        Storage::Embedded(folder) => format!("embedded store in {}", folder.display()),
        Storage::Azure(account) => format!(
            "azure storage at {} and {}, container {}, queue {}",
            account.blob_endpoint, account.queue_endpoint, config.container, config.queue
        ),
    };
    let is_for_people = config.log_format == LogFormat::Text && io::stdout().is_terminal();
    let application = Application::build(config, kinds)?;
    let address = application.address();
    log::info!("{} on http://{address}, {place}", mode.name());
    if let (Mode::Standalone(_), true) = (mode, is_for_people) {
        log::info!(
            "try: curl -d '{{\"number\": 24}}' -H 'Content-Type: application/json' http://{address}/api/tasks"
        );
    }
    application.run().await
}
