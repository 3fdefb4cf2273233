//! Staged edits that only their own author has overwritten: nothing shows them any more.

use crate::{
    Address, ChangeId, Content, Error, Map, Set, UserId, change::StagedEdit, workspace::Workspace,
};

/// How many edits may wait in one environment.
pub const MAX_STAGED_EDITS: usize = 25_000;
/// How many bytes they may hold, about.
pub const MAX_STAGED_BYTES: usize = 32 * 1024 * 1024;

/// Of all that one person has staged at one place, those between their first and their last edit: the
/// first says since when they have had a part in the change, the last what they want. Whether a
/// service, group or volume exists is left alone: what lies beneath its end may be seen again.
#[must_use]
pub fn superseded<'a>(edits: impl IntoIterator<Item = &'a StagedEdit>) -> Vec<ChangeId> {
    let mut last: Map<(&Address, UserId), (usize, &StagedEdit)> = Map::new();
    let mut superseded = Vec::new();
    for edit in edits.into_iter().filter(|edit| !edit.address.is_entity()) {
        let (count, known) = last.entry((&edit.address, edit.author)).or_insert((0, edit));
        if *count > 1 {
            superseded.push(known.id);
        }
        (*count, *known) = (*count + 1, edit);
    }
    superseded
}

/// Adds edits to those that wait, and lets go of those that need not be kept any more: says which.
pub fn add_edits(waiting: &mut Vec<StagedEdit>, edits: &[StagedEdit]) -> Vec<ChangeId> {
    waiting.extend(edits.iter().cloned());
    waiting.sort_by_key(|edit| edit.seq);
    let touched: Set<&Address> = edits.iter().map(|edit| &edit.address).collect();
    let gone = superseded(waiting.iter().filter(|edit| touched.contains(&edit.address)));
    if !gone.is_empty() {
        let gone: Set<&ChangeId> = gone.iter().collect();
        waiting.retain(|edit| !gone.contains(&edit.id));
    }
    gone
}

impl Workspace {
    /// [Adds](add_edits) edits to those that wait.
    pub fn add(&mut self, edits: &[StagedEdit]) -> Vec<ChangeId> {
        add_edits(&mut self.edits, edits)
    }

    /// What waits has bounds: whoever opens the canvas gets all of it.
    pub(crate) fn refuse_too_much(&self, more: &[StagedEdit]) -> Result<(), Error> {
        let edits = self.edits.len() + more.len();
        let bytes = self.staged_bytes() + more.iter().map(StagedEdit::bytes).sum::<usize>();
        if edits <= MAX_STAGED_EDITS && bytes <= MAX_STAGED_BYTES {
            return Ok(());
        }
        Err(Error::InvalidState(format!(
            "too much is staged in this environment: at most {MAX_STAGED_EDITS} edits and {} MiB \
             may wait; apply or discard some of it first",
            MAX_STAGED_BYTES / (1024 * 1024)
        )))
    }

    /// How many bytes the edits that wait hold, about.
    #[must_use]
    pub fn staged_bytes(&self) -> usize {
        self.edits.iter().map(StagedEdit::bytes).sum()
    }
}

impl StagedEdit {
    /// How many bytes it holds, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        /// What a row takes besides what is written into it.
        const ROW: usize = 256;
        ROW + self.content.as_ref().map_or(0, Content::bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RevisionNumber, Timestamp, change::compact, spec::EnvironmentSpec};
    use uuid::Uuid;

    fn edit(seq: u64, address: &str, author: u128, content: Option<&str>) -> StagedEdit {
        StagedEdit {
            id: ChangeId::new(Uuid::from_u128(seq.into())),
            seq,
            address: address.parse().expect("an address"),
            content: content.map(|name| Content::Name(name.parse().expect("a name"))),
            base: RevisionNumber::default(),
            author: UserId::new(Uuid::from_u128(author)),
            at: Timestamp::from_millis(i64::try_from(seq).expect("it is small")),
        }
    }

    #[test]
    fn what_nobody_else_had_a_part_in_is_let_go_and_people_see_the_same() {
        let base = EnvironmentSpec::empty("Shop".parse().expect("a name"));
        let authors = [1, 1, 2, 1, 2, 2, 1, 1];
        let edits: Vec<StagedEdit> = (1..)
            .zip(authors)
            .map(|(seq, author)| edit(seq, "project/name", author, Some(&format!("name {seq}"))))
            .collect();
        let mut workspace = Workspace { spec: base.clone(), edits: Vec::new() };

        for edit in &edits {
            workspace.add(std::slice::from_ref(edit));
        }

        let kept: Vec<u64> = workspace.edits.iter().map(|edit| edit.seq).collect();
        assert_eq!(kept, [1, 3, 6, 8], "the first and the last of each");
        assert_eq!(workspace.changes(), compact(&base, &edits));
    }

    #[test]
    fn a_thousand_edits_of_one_place_are_kept_as_two() {
        let mut workspace = Workspace {
            spec: EnvironmentSpec::empty("Shop".parse().expect("a name")),
            edits: Vec::new(),
        };

        for seq in 1..=1000 {
            workspace.add(&[edit(seq, "project/name", 1, Some("Store"))]);
        }

        assert_eq!(workspace.edits.len(), 2);
    }

    #[test]
    fn whether_something_exists_is_never_let_go() {
        let group = format!("group/{}", Uuid::from_u128(7));
        let edits: Vec<StagedEdit> =
            (1..=6).map(|seq| edit(seq, &group, 1, (seq % 2 == 1).then_some("group"))).collect();

        assert_eq!(superseded(&edits), []);
    }
}
