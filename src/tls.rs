//! The TLS of this process: rustls on ring, for its own HTTP clients and for those of kinds.

/// Installs it, unless a `main` has installed another, which is then as good.
///
/// Our reqwest is built without one (`docs/decisions/0001-storage-crates.md`), and a client is not
/// even made then. Features add up, so that holds for a kind's `reqwest::Client::new()` as well.
pub(crate) fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
