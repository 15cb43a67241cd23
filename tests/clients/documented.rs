//! `docs/clients.md` shows the clients that are run here, to the letter.

const DOCUMENT: &str = include_str!("../../docs/clients.md");

#[test]
fn the_document_shows_the_clients_that_the_tests_run() {
    for (name, language, text) in [
        ("curl.sh", "bash", include_str!("curl.sh")),
        ("client.py", "python", include_str!("client.py")),
        ("client.mjs", "javascript", include_str!("client.mjs")),
        ("client.rs", "rust", include_str!("client.rs")),
        ("r0.py", "python", include_str!("r0.py")),
        ("lro.py", "python", include_str!("lro.py")),
        ("lro.mjs", "javascript", include_str!("lro.mjs")),
    ] {
        assert!(
            DOCUMENT.contains(&format!("```{language}\n{text}```\n")),
            "docs/clients.md should show tests/clients/{name}, to the letter"
        );
    }
}
