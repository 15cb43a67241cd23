//! Packs what the page of the description loads of Swagger UI, which is a quarter of what is published.

use std::error::Error;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{ZipArchive, ZipWriter};

/// `src/api/service/docs.html` names them.
const PARTS: [&str; 3] = [
    "favicon-32x32.png",
    "swagger-ui-bundle.js",
    "swagger-ui.css",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut published = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let ours = Path::new(&std::env::var("OUT_DIR")?).join("swagger-ui.zip");
    let mut ours = ZipWriter::new(File::create(ours)?);
    for part in PARTS {
        // The folder above it has a version in its name.
        let path = format!("/dist/{part}");
        let place = published
            .file_names()
            .position(|name| name.is_ok_and(|name| name.ends_with(&path)));
        let place = place.ok_or_else(|| format!("Swagger UI has no {part}"))?;
        ours.raw_copy_file_rename(published.by_index_raw(place)?, part)?;
    }
    ours.finish()?;
    Ok(())
}
