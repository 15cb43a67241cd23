//! The double of the Functions host by hand, for curl and for other people's clients: it runs the app of the folder
//! it is started in, with this handler, over this account, and lets in who has this key. It ends with its input.
//!
//! ```sh
//! npx --prefix tests azurite --silent --inMemoryPersistence &
//! cargo run -p async-request-reply-functions-host --example host -- \
//!     target/debug/handler UseDevelopmentStorage=true a-key RAW_QUEUE_NAME=raw
//! ```

use std::error::Error;
use std::path::Path;

use actix_web::rt::System;
use functions_host::{AppRoot, FunctionsHost, HostOptions};

const USAGE: &str = "host HANDLER CONNECTION_STRING KEY [NAME=VALUE]...";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or(USAGE);
    let (handler, account, key) = (argument()?, argument()?, argument()?);
    let mut options = HostOptions::new(account).timer_schedule().enable_auth(key);
    for setting in arguments {
        let (name, value) = setting.split_once('=').ok_or(USAGE)?;
        options = options.setting(name, value);
    }
    let app = AppRoot::of_project(Path::new("."), Path::new(&handler), &std::env::temp_dir())?;
    let host = System::new().block_on(FunctionsHost::start(app, options));
    let host = host.map_err(|fault| format!("{fault:?}"))?;
    println!("{}", host.url("/api"));
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    for line in host.logs().entries() {
        println!("{}", line.text);
    }
    Ok(())
}
