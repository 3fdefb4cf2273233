//! An apply that is cut off anywhere has happened wholly or not at all.

use crate::fixture::{StoreFixture, somebody};
use domain::{
    Message,
    access::InstanceRole,
    account::Accounts,
    changes::{Changes, Selection},
    deployments::Deployments,
    edit::Edit,
    page::Page,
    project::Projects,
    testing::contracts::fixture::{mutation, name, new_service},
};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Polls so many times, then lets go.
struct CutOff<F> {
    future: Pin<Box<F>>,
    left: u32,
}

impl<F: Future> Future for CutOff<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

// DK-79, I2, F03
#[tokio::test]
async fn an_apply_that_is_cut_off_leaves_all_or_nothing() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let place = store.environment(project.id, None).await.unwrap().id;

    let mut finished = 0;
    let mut cut = 0;
    for left in 0..60 {
        let before = store.workspace(place).await.unwrap();
        let service = Edit::CreateService(Box::new(new_service(&format!("web {left}"))));
        store.stage(&by, place, vec![service]).await.unwrap();
        let all = Selection::UpTo { up_to: u64::MAX };
        let apply = store.apply(&by, place, all.clone(), Message::default());

        let answer = CutOff { future: Box::pin(apply), left }.await;

        let after = store.workspace(place).await.unwrap();
        let states = store.states(place).await.unwrap();
        let revisions = store.revisions(place, Page::FIRST).await.unwrap().total_count;
        if after.edits.is_empty() {
            assert_eq!(after.spec.revision, before.spec.revision.next());
            assert_eq!(after.spec.services.len(), before.spec.services.len() + 1);
            finished += 1;
        } else {
            assert!(answer.is_none(), "it said that it was done");
            assert_eq!(after.spec, before.spec);
            store.apply(&by, place, all, Message::default()).await.expect("it can be repeated");
            cut += 1;
            continue;
        }
        assert_eq!(revisions, after.spec.revision.0);
        assert_eq!(states.len(), after.spec.services.len());
        assert!(states.iter().all(|state| state.newest.is_some()));
    }
    assert!(cut > 5 && finished > 0, "{cut} were cut off, {finished} were not");
}

// I1: the files as they lie there the moment after the answer, without any goodbye.
#[tokio::test]
async fn what_was_acknowledged_outlives_the_process() {
    let fixture = StoreFixture::new();
    let store = fixture.open().await;
    let user = store.register_first(somebody("ann@example.com")).await.unwrap();
    let by = mutation(user.id, InstanceRole::Admin);
    let project = store.create(&by, name("shop")).await.unwrap();
    let crashed = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(fixture.path()).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "easel.lock" {
            std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
        }
    }

    let again = fixture.open_at(crashed.path()).await.expect("it opens");

    assert_eq!(Projects::get(&again, project.id).await.unwrap(), project);
}
