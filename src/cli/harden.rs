//! Nothing of this process's memory may reach a file: a core would hold the credentials that it sends.

/// Forbids core files, of this process and of those that it starts. What the system refuses here it does not do either.
pub fn forbid_core_files() {
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    // Where the kernel pipes cores to a program the limit does not hold; this does, and keeps other processes out.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}
