//! Sets `cfg(shuttle)` for this crate, and for no other: whoever depends on the engine gets the locks of
//! the standard library, in tests as well.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
    println!("cargo::rerun-if-changed=build.rs");
}
