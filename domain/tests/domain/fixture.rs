//! Random work on an environment, for properties.

use domain::{
    Address, ChangeId, Content, EnvironmentId, EnvironmentSpec, Field, GroupId, Limits, Name,
    ProjectId, PullPolicy, Replicas, Secret, ServiceId, Source, UserId, VariableKey, VolumeId,
    apply::plan,
    change::{StagedChange, StagedEdit},
    changes::{Keep, Selection},
    edit::{Edit, NewMount, NewService, NewVariable, StageContext, stage},
    resolve::EnvironmentRef,
    settle::Settlement,
    testing::SeededIds,
    time::Timestamp,
    workspace::Workspace,
};
use proptest::{prelude::*, test_runner::RngSeed};
use uuid::Uuid;

/// Properties: each holds in 192 cases that are always the same ones, and in 64 that nobody has seen before.
/// `PROPTEST_CASES` asks for more.
macro_rules! properties {
    ($($body:tt)*) => {
        mod always {
            #[allow(unused_imports, reason = "not every property needs all of the file")]
            use super::*;
            proptest! {
                #![proptest_config(crate::fixture::cases_of(4711, 3))]
                $($body)*
            }
        }
        mod fresh {
            #[allow(unused_imports, reason = "not every property needs all of the file")]
            use super::*;
            proptest! {
                #![proptest_config(crate::fixture::cases_of(domain::testing::fresh_seed(), 1))]
                $($body)*
            }
        }
    };
}
pub(crate) use properties;

/// So many quarters of the cases, of this seed.
pub(crate) fn cases_of(seed: u64, quarters: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = default.cases * quarters / 4;
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..default }
}

/// Something that somebody does. Numbers choose among what there is.
#[derive(Clone, Debug)]
pub(crate) enum RandomEdit {
    Service { name: u8, group: u8, image: bool, value: u8 },
    Group { name: u8, services: Vec<u8> },
    Volume { name: u8, service: u8 },
    Variable { scope: u8, key: u8, value: u8, sealed: bool },
    Rename { which: u8, name: u8 },
    Join { service: u8, group: u8 },
    Mount { service: u8, volume: u8, path: u8 },
    Field { service: u8, field: u8, value: u8 },
    Clear { which: u16 },
    Project { name: u8 },
}

/// Somebody's work.
pub(crate) fn random_edits(most: usize) -> impl Strategy<Value = Vec<RandomEdit>> {
    prop::collection::vec(random_edit(), 0..most)
}

fn random_edit() -> impl Strategy<Value = RandomEdit> {
    prop_oneof![
        7 => (any::<u8>(), any::<u8>(), any::<bool>(), any::<u8>())
            .prop_map(|(name, group, image, value)| RandomEdit::Service { name, group, image, value }),
        2 => (any::<u8>(), prop::collection::vec(any::<u8>(), 0..3))
            .prop_map(|(name, services)| RandomEdit::Group { name, services }),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(name, service)| RandomEdit::Volume { name, service }),
        8 => (any::<u8>(), any::<u8>(), any::<u8>(), prop::bool::weighted(0.2)).prop_map(
            |(scope, key, value, sealed)| RandomEdit::Variable { scope, key, value, sealed }
        ),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(which, name)| RandomEdit::Rename { which, name }),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(service, group)| RandomEdit::Join { service, group }),
        1 => (any::<u8>(), any::<u8>(), any::<u8>())
            .prop_map(|(service, volume, path)| RandomEdit::Mount { service, volume, path }),
        3 => (any::<u8>(), any::<u8>(), any::<u8>())
            .prop_map(|(service, field, value)| RandomEdit::Field { service, field, value }),
        2 => any::<u16>().prop_map(|which| RandomEdit::Clear { which }),
        1 => any::<u8>().prop_map(|name| RandomEdit::Project { name }),
    ]
}

pub(crate) fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

pub(crate) fn key(text: &str) -> VariableKey {
    VariableKey::try_from(text).unwrap()
}

pub(crate) fn place() -> EnvironmentRef {
    EnvironmentRef {
        project: ProjectId::new(Uuid::from_u128(1)),
        environment: EnvironmentId::new(Uuid::from_u128(2)),
    }
}

const NAMES: [&str; 6] = ["web", "db", "Cache Layer", "ünï", "a.b", "shared"];
const KEYS: [&str; 4] = ["A", "B", "C", "HOST"];
const VALUES: [&str; 16] = [
    "one",
    "two",
    "",
    "${{A}}",
    "${{shared.A}}-x",
    "${{web.A}}",
    "${{web.HOST}}:${{web.PORT}}",
    "${{db.B}}/${{db.A}}",
    "${{Cache Layer.C}}",
    "${{a.b.A}}",
    "${{B}}${{C}}",
    "$${{A}}",
    "line\r\nend \u{1f980}",
    "${{nobody.A}}",
    "${{ünï.A}}",
    "${{web.B}}${{db.C}}",
];

/// One of these, if there is any.
fn pick<T: Clone>(all: impl IntoIterator<Item = T>, number: usize) -> Option<T> {
    let all: Vec<T> = all.into_iter().collect();
    if all.is_empty() { None } else { Some(all[number % all.len()].clone()) }
}

/// An environment that random people work on.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) workspace: Workspace,
    pub(crate) ids: SeededIds,
    pub(crate) next_seq: u64,
    /// Whether values may be shown to those who stage.
    pub(crate) sees_values: bool,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let spec = EnvironmentSpec::empty(name("shop"));
        let workspace = Workspace { spec, edits: Vec::new() };
        Self { workspace, ids: SeededIds::default(), next_seq: 1, sees_values: true }
    }

    /// What the first people did is applied; what the others did is staged. Most are careful, and
    /// take back what would warn.
    pub(crate) fn of(applied: &[RandomEdit], staged: &[RandomEdit]) -> Self {
        let mut fixture = Self::new();
        for chunk in applied.chunks(5) {
            fixture.work(chunk, true);
            fixture.apply(fixture.waiting()).ok();
        }
        fixture.workspace.edits.clear();
        fixture.work(staged, !staged.len().is_multiple_of(3));
        fixture
    }

    /// Stages what can be staged of it.
    fn work(&mut self, random_edits: &[RandomEdit], careful: bool) {
        for (number, random_edit) in random_edits.iter().enumerate() {
            let before = self.workspace.edits.len();
            if let Some(edit) = self.edit(random_edit) {
                let _ = self.stage_by(number % 3, edit);
            }
            if careful && !self.is_applicable() {
                self.workspace.edits.truncate(before);
            }
        }
    }

    pub(crate) fn stage(&mut self, edit: Edit) -> Result<Vec<StagedEdit>, domain::Error> {
        self.stage_by(0, edit)
    }

    /// Who stages next.
    pub(crate) fn stage_context(&self) -> StageContext {
        self.stage_context_of(0)
    }

    fn stage_context_of(&self, who: usize) -> StageContext {
        StageContext {
            author: UserId::new(Uuid::from_u128(100 + who as u128)),
            at: Timestamp::from_millis(i64::try_from(self.next_seq).unwrap()),
            next_seq: self.next_seq,
            sees_values: self.sees_values,
        }
    }

    fn stage_by(&mut self, who: usize, edit: Edit) -> Result<Vec<StagedEdit>, domain::Error> {
        let stage_context = self.stage_context_of(who);
        let rows = stage(&self.workspace, vec![edit], stage_context, &self.ids)?;
        self.next_seq += rows.edits.len() as u64;
        self.workspace.edits.extend(rows.edits.iter().cloned());
        Ok(rows.edits)
    }

    pub(crate) fn changes(&self) -> Vec<StagedChange> {
        self.workspace.changes()
    }

    pub(crate) fn waiting(&self) -> Vec<ChangeId> {
        self.changes().iter().map(|change| change.id).collect()
    }

    /// Applies these changes, as a store does.
    pub(crate) fn apply(&mut self, changes: Vec<ChangeId>) -> Result<(), domain::Error> {
        let plan = plan(place(), &self.workspace, &Selection::Changes { changes })?;
        self.workspace.edits.retain(|edit| !plan.done.contains(&edit.id));
        for edit in &mut self.workspace.edits {
            if let Some((_, base)) = plan.rebased.iter().find(|(id, _)| *id == edit.id) {
                edit.base = *base;
            }
        }
        self.workspace.spec = plan.spec;
        Ok(())
    }

    /// Somebody writes directly, past all that is staged. What it changed.
    pub(crate) fn write(&mut self, random_edit: &RandomEdit) -> Vec<StagedChange> {
        let Some(edit) = self.edit(random_edit) else { return Vec::new() };
        let (stage_context, ids) = (self.stage_context(), &self.ids);
        let Ok(writing) = self.workspace.writing(place(), vec![edit], stage_context, ids, None)
        else {
            return Vec::new();
        };
        self.next_seq += writing.rows.edits.len() as u64;
        self.workspace.spec = writing.plan.spec;
        writing.plan.changes
    }

    /// Ends a conflict, as a store does.
    pub(crate) fn settle(&mut self, change: ChangeId, keep: Keep) -> Result<(), domain::Error> {
        let Settlement { discarded, staged } = self.workspace.settling(change, keep)?;
        self.workspace.edits.retain(|edit| !discarded.contains(&edit.id));
        self.workspace.edits.extend(staged);
        self.workspace.edits.sort_by_key(|edit| edit.seq);
        Ok(())
    }

    /// Discards, as a store does. What is gone.
    pub(crate) fn discard(
        &mut self,
        changes: &[ChangeId],
    ) -> Result<Vec<StagedEdit>, domain::Error> {
        let gone = self.workspace.discarding(changes, None)?;
        let (gone, left) = self.workspace.edits.drain(..).partition(|edit| gone.contains(&edit.id));
        self.workspace.edits = left;
        Ok(gone)
    }

    /// Brings discarded edits back, as a store does.
    pub(crate) fn restore(&mut self, gone: &[StagedEdit]) -> Result<(), domain::Error> {
        let rows = self.workspace.restoring(gone.to_vec(), self.next_seq)?;
        self.next_seq += rows.edits.len() as u64;
        self.workspace.edits.extend(rows.edits);
        Ok(())
    }

    /// Whether all that waits can be applied.
    pub(crate) fn is_applicable(&self) -> bool {
        self.workspace.spec.apply(&self.changes()).is_ok()
    }

    /// A new service with an image, staged.
    pub(crate) fn service(&mut self, text: &str) -> ServiceId {
        let edit = Edit::CreateService(Box::new(new_service(name(text))));
        self.stage(edit).unwrap()[0].address.service().unwrap()
    }

    /// A variable of a service, staged.
    pub(crate) fn own(&mut self, service: ServiceId, text: &str, value: &str) {
        self.set(Address::ServiceVariable(service, key(text)), value);
    }

    /// A variable, staged.
    pub(crate) fn set(&mut self, address: Address, value: &str) {
        self.stage(variable(address, value)).unwrap();
    }

    /// The edit that an act comes to, upon what there is.
    pub(crate) fn edit(&self, random_edit: &RandomEdit) -> Option<Edit> {
        let view = self.workspace.staged();
        let service = |number: &u8| pick(view.services.keys().copied(), usize::from(*number));
        let group = |number: &u8| pick(view.groups.keys().copied(), usize::from(*number));
        let volume = |number: &u8| pick(view.volumes.keys().copied(), usize::from(*number));
        let named = |number: &u8| name(NAMES[usize::from(*number) % NAMES.len()]);
        let value = |number: &u8| VALUES[usize::from(*number) % VALUES.len()];
        let path = |number: &u8| format!("/data{}", number % 3).parse().unwrap();
        Some(match random_edit {
            RandomEdit::Service { name, group: lies_in, image, value: filled } => {
                let mut new = new_service(named(name));
                new.group = if lies_in % 2 == 0 { group(lies_in) } else { None };
                if !image {
                    new.source = Source::Empty;
                }
                if filled % 3 == 0 {
                    let (value, sealed) = (Secret::from(value(filled)), filled % 2 == 0);
                    new.variables.insert(key("A"), NewVariable { value, sealed });
                }
                Edit::CreateService(Box::new(new))
            }
            RandomEdit::Group { name, services } => Edit::CreateGroup {
                name: named(name),
                services: services.iter().filter_map(service).collect(),
                position: None,
            },
            RandomEdit::Volume { name, service: mounts } => Edit::CreateVolume {
                name: named(name),
                mount: service(mounts).map(|service| NewMount { service, path: path(mounts) }),
            },
            RandomEdit::Variable { scope, key: which, value: text, sealed } => {
                let key = key(KEYS[usize::from(*which) % KEYS.len()]);
                let address = match scope % 3 {
                    0 => Address::Variable(key),
                    1 => Address::GroupVariable(group(scope)?, key),
                    _ => Address::ServiceVariable(service(scope)?, key),
                };
                let value = Secret::from(value(text));
                Edit::SetVariable { address, value, sealed: *sealed, only_new: false }
            }
            RandomEdit::Rename { which, name } => {
                let address = match which % 3 {
                    0 => Address::GroupName(group(which)?),
                    1 => Address::VolumeName(volume(which)?),
                    _ => Address::ServiceField(service(which)?, Field::Name),
                };
                Edit::Set { address, content: Content::Name(named(name)) }
            }
            RandomEdit::Join { service: who, group: whom } => {
                let address = Address::ServiceField(service(who)?, Field::Group);
                Edit::Set { address, content: Content::GroupId(group(whom)?) }
            }
            RandomEdit::Mount { service: who, volume: what, path: at } => {
                let address = Address::ServiceMount(service(who)?, volume(what)?);
                Edit::Set { address, content: Content::MountPath(path(at)) }
            }
            RandomEdit::Field { service: who, field, value } => {
                let (field, content) = field_content(*field, *value);
                Edit::Set { address: Address::ServiceField(service(who)?, field), content }
            }
            RandomEdit::Clear { which } => {
                Edit::Clear { address: pick(clearable(&view), usize::from(*which))? }
            }
            RandomEdit::Project { name } => {
                Edit::Set { address: Address::ProjectName, content: Content::Name(named(name)) }
            }
        })
    }
}

fn field_content(field: u8, value: u8) -> (Field, Content) {
    match field % 5 {
        0 => {
            let replicas = Replicas::try_from(u16::from(value % 4)).unwrap();
            (Field::Replicas, Content::Replicas(replicas))
        }
        1 => {
            let limits = Limits::new(Some(64 + u32::from(value % 2)), None, None).unwrap();
            (Field::Limits, Content::Limits(limits))
        }
        2 => {
            let port = domain::Port::tcp(u16::from(value % 3 + 80).try_into().unwrap());
            (Field::Ports, Content::Ports(vec![port].into()))
        }
        3 => {
            let command = ["run", "serve --fast"][usize::from(value % 2)].parse().unwrap();
            (Field::Command, Content::Command(command))
        }
        _ => (Field::Source, Content::Source(image(["app:1", "app:2"][usize::from(value % 2)]))),
    }
}

/// All that can be taken away.
fn clearable(view: &EnvironmentSpec) -> Vec<Address> {
    let mut all: Vec<Address> = view.variables.keys().cloned().map(Address::Variable).collect();
    for (&id, group) in &view.groups {
        let id: GroupId = id;
        all.push(Address::Group(id));
        all.extend(group.variables.keys().map(|key| Address::GroupVariable(id, key.clone())));
    }
    all.extend(view.volumes.keys().map(|id: &VolumeId| Address::Volume(*id)));
    for (&id, service) in &view.services {
        all.push(Address::Service(id));
        all.push(Address::ServiceField(id, Field::Group));
        all.push(Address::ServiceField(id, Field::Ports));
        all.extend(service.variables.keys().map(|key| Address::ServiceVariable(id, key.clone())));
        all.extend(service.mounts.keys().map(|volume| Address::ServiceMount(id, *volume)));
    }
    all
}

pub(crate) fn variable(address: Address, value: &str) -> Edit {
    Edit::SetVariable { address, value: Secret::from(value), sealed: false, only_new: false }
}

pub(crate) fn image(text: &str) -> Source {
    Source::Image { image: text.parse().unwrap(), pull: PullPolicy::Missing }
}

pub(crate) fn new_service(name: Name) -> NewService {
    let ports = vec![domain::Port::tcp(8080.try_into().unwrap())].into();
    NewService { source: image("app:1"), ports, ..NewService::named(name) }
}

/// The spec without its bookkeeping.
pub(crate) fn bare(spec: &EnvironmentSpec) -> EnvironmentSpec {
    EnvironmentSpec {
        revision: domain::RevisionNumber(0),
        versions: Default::default(),
        ..spec.clone()
    }
}
