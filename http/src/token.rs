//! Tokens: random, recognisable, and kept as digests only.

use domain::{Error, Secret, account::Digest};
use sha2::{Digest as _, Sha256};

/// What the console prints at the first start: whoever has it may make the first account.
#[derive(Clone, Debug)]
pub struct ClaimToken(Secret);

impl ClaimToken {
    /// A token that was made before, such as one kept over a restart.
    #[must_use]
    pub const fn new(token: Secret) -> Self {
        Self(token)
    }

    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn random() -> Result<Self, Error> {
        Ok(Self(Secret::new(random_hex::<16>()?)))
    }

    /// The text, for the console.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether somebody has it. Digests are compared, so that time tells nothing.
    pub(crate) fn is(&self, claimed: &Secret) -> bool {
        !self.expose().is_empty() && digest(self.expose()) == digest(claimed.expose())
    }
}

/// All that is kept of a token.
pub(crate) fn digest(token: &str) -> Digest {
    digest_bytes(token.as_bytes())
}

/// What names this content.
pub(crate) fn digest_bytes(content: &[u8]) -> Digest {
    Sha256::digest(content).into()
}

/// A new token with its digest. The prefix is for people and for scanners of leaked secrets.
pub(crate) fn mint(prefix: &str) -> Result<(Secret, Digest), Error> {
    let token = format!("{prefix}{}", random_hex::<32>()?);
    let digest = digest(&token);
    Ok((Secret::new(token), digest))
}

/// What the tokens of this process are derived from.
pub(crate) struct Succession([u8; 32]);

impl Succession {
    /// One that nobody knows.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub(crate) fn random() -> Result<Self, Error> {
        let mut bytes = [0_u8; 32];
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The one token that comes of another: the same again for whoever asks again, and nobody can tell
    /// without this secret. Its digest, too.
    pub(crate) fn successor(&self, prefix: &str, of: &Secret) -> (Secret, Digest) {
        let inner = Sha256::new_with_prefix(self.0).chain_update(prefix).chain_update(of.expose());
        let outer = Sha256::new_with_prefix(self.0).chain_update(inner.finalize());
        let token = format!("{prefix}{}", hex::encode(outer.finalize()));
        let digest = digest(&token);
        (Secret::new(token), digest)
    }
}

/// A new API key: its random id part, which lists show, its whole text, and its digest.
pub(crate) fn mint_key() -> Result<(String, Secret, Digest), Error> {
    let id = random_hex::<4>()?;
    let (key, digest) = mint(&format!("easel_{id}_"))?;
    Ok((id, key, digest))
}

fn random_hex<const BYTES: usize>() -> Result<String, Error> {
    let mut bytes = [0_u8; BYTES];
    fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| Error::internal("draw random bytes")(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    // S05
    #[test]
    fn tokens_do_not_repeat() {
        let tokens: HashSet<_> =
            (0..10_000).map(|_| mint("").expect("random bytes").0.expose().to_owned()).collect();
        assert_eq!(tokens.len(), 10_000);
    }

    // S06
    #[test]
    fn of_a_token_comes_one_successor_which_only_this_process_can_tell() {
        let (here, elsewhere) = (Succession([1; 32]), Succession([2; 32]));
        let (first, second) = (Secret::from("easelr_first"), Secret::from("easelr_second"));

        let (token, digest) = here.successor("easelr_", &first);

        assert_eq!(here.successor("easelr_", &first), (token.clone(), digest));
        assert_eq!(digest, super::digest(token.expose()));
        assert_eq!(token.expose().len(), "easelr_".len() + 64);
        let others = [
            here.successor("easela_", &first),
            here.successor("easelr_", &second),
            elsewhere.successor("easelr_", &first),
        ];
        assert!(others.iter().all(|(_, other)| *other != digest));
    }

    #[test]
    fn an_empty_claim_token_opens_nothing() {
        assert!(!ClaimToken::new(Secret::default()).is(&Secret::default()));
    }
}
