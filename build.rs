//! Tells cargo to look at `migrations/` again when a file comes: they are embedded into the program.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
