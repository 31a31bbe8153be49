//! The edge without Python, for measuring: `cargo run --release --example serve -- '<config json>'`.
fn main() {
    let config = std::env::args().nth(1).unwrap_or_default();
    match lcr_edge::run(&config) {
        Ok(code) => std::process::exit(code),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    }
}
