//! Passwords: hashed slowly, off the async threads, a few at a time.

use domain::{Error, Secret, account::Password};
use tokio::sync::{OnceCell, Semaphore};

/// How many hashes are computed at once.
const MAX_CONCURRENT: usize = 4;

/// Hashes and checks passwords.
pub(crate) struct Hasher {
    cost: u32,
    permits: Semaphore,
    /// What the password of nobody is checked against, so that unknown people take as long.
    dummy: OnceCell<Secret>,
    #[cfg(test)]
    works: std::sync::atomic::AtomicUsize,
}

impl Hasher {
    pub(crate) fn new(cost: u32) -> Self {
        Self {
            cost,
            permits: Semaphore::new(MAX_CONCURRENT),
            dummy: OnceCell::new(),
            #[cfg(test)]
            works: Default::default(),
        }
    }

    /// The hash of a password, in bcrypt's text form. All of it counts: none is longer than what
    /// bcrypt reads, which its crate would refuse for exactly 72 bytes.
    pub(crate) async fn hash(&self, password: &Password) -> Result<Secret, Error> {
        let (password, cost) = (password.expose().to_owned(), self.cost);
        self.work(move || bcrypt::hash(password, cost).map(Secret::new)).await
    }

    /// Whether a typed password is the one that was hashed; `None`: whatever is typed is wrong,
    /// and takes as long.
    pub(crate) async fn verify(&self, typed: &Secret, hash: Option<Secret>) -> Result<bool, Error> {
        let is_known = hash.is_some();
        // Made for whoever comes first, known or not: that takes as long, too.
        let dummy = self.dummy().await?;
        let hash = hash.unwrap_or(dummy);
        // No password is longer; bcrypt would read a part of it.
        let fits = typed.expose().len() <= 72 && !typed.expose().contains('\0');
        let typed = if fits { typed.expose().to_owned() } else { String::new() };
        let matches = self.work(move || bcrypt::verify(typed, hash.expose())).await?;
        Ok(matches && fits && is_known)
    }

    async fn dummy(&self) -> Result<Secret, Error> {
        let cost = self.cost;
        self.dummy
            .get_or_try_init(|| {
                self.work(move || bcrypt::hash("nobody's password", cost).map(Secret::new))
            })
            .await
            .cloned()
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> bcrypt::BcryptResult<T> + Send + 'static,
    ) -> Result<T, Error> {
        #[cfg(test)]
        self.works.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let _permit = self.permits.acquire().await.map_err(Error::internal("wait to hash"))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(Error::internal("hash a password"))?
            .map_err(Error::internal("hash a password"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    // S03: nor does the time tell whether somebody has an account. The work is counted, not timed.
    #[tokio::test]
    async fn an_unknown_address_is_as_much_work_as_a_wrong_password() {
        let hasher = Hasher::new(4);
        let password =
            Secret::new("correct horse battery".to_owned()).try_into().expect("a password");
        let hash = hasher.hash(&password).await.expect("it works");
        let work = async |typed: &str, hash: Option<&Secret>| {
            let before = hasher.works.load(Ordering::SeqCst);
            let typed = Secret::new(typed.to_owned());
            assert!(!hasher.verify(&typed, hash.cloned()).await.expect("it works"));
            hasher.works.load(Ordering::SeqCst) - before
        };

        assert_eq!(work("wrong", Some(&hash)).await, 2, "the first one makes nobody's hash");
        for typed in ["wrong", "nobody's password", &"long".repeat(100), "with \0 in it", ""] {
            assert_eq!(work(typed, Some(&hash)).await, 1, "{typed}");
            assert_eq!(work(typed, None).await, 1, "{typed}");
        }
        let cost = |hash: &Secret| hash.expose()[..7].to_owned();
        assert_eq!(cost(&hash), cost(&hasher.dummy().await.expect("it is made")));
    }

    // S02: four meet, and nobody beside them.
    #[tokio::test]
    async fn four_are_hashed_at_once_and_not_on_this_thread() {
        let hasher = Hasher::new(4);
        let running = Arc::new(AtomicUsize::new(0));
        let meeting = Arc::new(Barrier::new(MAX_CONCURRENT));
        let own = std::thread::current().id();

        let works = (0..5 * MAX_CONCURRENT).map(|_| {
            let (running, meeting) = (running.clone(), meeting.clone());
            hasher.work(move || {
                assert_ne!(std::thread::current().id(), own);
                assert!(running.fetch_add(1, Ordering::SeqCst) < MAX_CONCURRENT);
                // Whoever worked alone would wait here for ever.
                meeting.wait();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        for done in futures::future::join_all(works).await {
            done.expect("it works");
        }
    }
}
