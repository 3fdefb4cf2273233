//! Encryption towards servers: one implementation for the whole process.

/// Chooses the implementation. Needed before any HTTP client is made; asking twice is asking once.
pub fn ready() {
    // Chosen already: fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
