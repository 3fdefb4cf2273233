//! What a canvas draws of a configuration and what is staged upon it. Made anew when one of them
//! changes, and never for a status, a place or a frame.

use std::{ops::Deref, rc::Rc};

use domain::{
    Address, EnvironmentSpec, GroupId, Map, Service, ServiceId, Set, VolumeId,
    canvas::Snapshot,
    change::StagedChange,
    check::{Problem, ProblemKind},
    template::Reference,
};

use crate::{canvas::scene::EdgeKind, card::CardChange};

/// Everything drawn. Compared by pointer.
#[derive(Clone, Debug)]
pub struct CanvasModel(Rc<Model>);

#[derive(Debug)]
pub struct Model {
    /// What is applied.
    pub base: Rc<EnvironmentSpec>,
    /// What would be, with all that is staged.
    pub whole: EnvironmentSpec,
    pub changes: Vec<StagedChange>,
    pub edges: Vec<ServiceEdge>,
    /// What keeps all of it from being applied.
    pub problems: Vec<Problem>,
    marks: Map<ServiceId, CardChange>,
}

/// An edge between two services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEdge {
    pub from: ServiceId,
    pub to: ServiceId,
    pub keys: String,
    pub kind: EdgeKind,
}

impl PartialEq for CanvasModel {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for CanvasModel {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.0
    }
}

impl CanvasModel {
    /// Of a snapshot. `previous` is one of an earlier state of the same snapshot, if there is one: what
    /// is applied is shared with it until something else is.
    #[must_use]
    pub fn of(snapshot: &Snapshot, previous: Option<&Self>) -> Self {
        let changes = snapshot.changes();
        let same = previous.filter(|model| model.base.revision == snapshot.spec.revision);
        let base =
            same.map_or_else(|| Rc::new(snapshot.spec.clone()), |model| Rc::clone(&model.base));
        let whole = base.overlay(&changes);
        let problems = whole.check();
        let edges = edges(&base, &whole, &problems);
        let marks = marks(&base, &whole, &changes);
        Self(Rc::new(Model { base, whole, changes, edges, problems, marks }))
    }
}

impl Model {
    /// All services to draw: also those that are to be removed.
    pub fn services(&self) -> impl Iterator<Item = (ServiceId, &Service)> {
        let gone = self.base.services.iter();
        let gone = gone.filter(|(id, _)| !self.whole.services.contains_key(id));
        self.whole.services.iter().chain(gone).map(|(id, service)| (*id, &**service))
    }

    /// A service as it would be, or as it is if it is to be removed.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        let found = self.whole.services.get(&id).or_else(|| self.base.services.get(&id));
        found.map(|service| &**service)
    }

    #[must_use]
    pub fn mark(&self, service: ServiceId) -> CardChange {
        self.marks.get(&service).copied().unwrap_or_default()
    }

    #[must_use]
    pub fn group_mark(&self, group: GroupId) -> CardChange {
        let edits = |change: &StagedChange| matches!(&change.address, Address::GroupName(id) | Address::GroupVariable(id, _) if *id == group);
        whole_mark(
            self.base.groups.contains_key(&group),
            self.whole.groups.contains_key(&group),
            self.changes.iter().any(edits),
        )
    }

    #[must_use]
    pub fn volume_mark(&self, volume: VolumeId) -> CardChange {
        let edits = |change: &StagedChange| change.address == Address::VolumeName(volume);
        whole_mark(
            self.base.volumes.contains_key(&volume),
            self.whole.volumes.contains_key(&volume),
            self.changes.iter().any(edits),
        )
    }

    /// The service that an address in the browser names, by slug or id.
    #[must_use]
    pub fn find(&self, named: &str) -> Option<ServiceId> {
        (self.services())
            .find(|(id, service)| service.slug.as_str() == named || id.to_string() == named)
            .map(|(id, _)| id)
    }

    /// Where a volume is mounted.
    #[must_use]
    pub fn mounted(&self, volume: VolumeId) -> Option<(ServiceId, &Service)> {
        self.services().find(|(_, service)| service.mounts.contains_key(&volume))
    }

    /// Volumes that no service mounts, and those whose removal is staged.
    pub fn loose_volumes(&self) -> impl Iterator<Item = VolumeId> {
        let gone = self.base.volumes.keys().filter(|id| !self.whole.volumes.contains_key(id));
        let loose = self.whole.volumes.keys().filter(|id| self.mounted(**id).is_none());
        loose.chain(gone).copied()
    }

    /// The staged change at an address.
    #[must_use]
    pub fn change(&self, address: &Address) -> Option<&StagedChange> {
        self.changes.iter().find(|change| change.address == *address)
    }
}

fn whole_mark(was: bool, will_be: bool, is_edited: bool) -> CardChange {
    match (was, will_be) {
        (false, true) => CardChange::New,
        (true, false) => CardChange::Removed,
        _ if is_edited => CardChange::Edited,
        _ => CardChange::Nothing,
    }
}

fn marks(
    base: &EnvironmentSpec,
    whole: &EnvironmentSpec,
    changes: &[StagedChange],
) -> Map<ServiceId, CardChange> {
    let touched: Set<ServiceId> =
        changes.iter().filter_map(|change| change.address.service()).collect();
    (touched.into_iter())
        .map(|id| {
            let (was, will_be) =
                (base.services.contains_key(&id), whole.services.contains_key(&id));
            (id, whole_mark(was, will_be, true))
        })
        .collect()
}

fn edges(
    base: &EnvironmentSpec,
    whole: &EnvironmentSpec,
    problems: &[Problem],
) -> Vec<ServiceEdge> {
    let broken = |from: ServiceId, to: ServiceId| {
        problems.iter().any(|problem| match &problem.kind {
            ProblemKind::UnknownReference { at, reference: Reference::Service { service, .. } } => {
                *service == to && at.service().is_none_or(|at| at == from)
            }
            _ => false,
        })
    };
    let line = |edge: &domain::Edge, kind| {
        let keys: Vec<&str> = edge.keys.iter().map(domain::VariableKey::as_str).collect();
        ServiceEdge { from: edge.from, to: edge.to, keys: keys.join(", "), kind }
    };
    let (before, after) = (base.edges(), whole.edges());
    let is_in = |edges: &[domain::Edge], one: &domain::Edge| {
        edges.iter().any(|edge| edge.from == one.from && edge.to == one.to)
    };
    let mut lines: Vec<ServiceEdge> = (after.iter())
        .map(|edge| {
            let kind = if broken(edge.from, edge.to) {
                EdgeKind::Broken
            } else if is_in(&before, edge) {
                EdgeKind::Quiet
            } else {
                EdgeKind::Staged
            };
            line(edge, kind)
        })
        .collect();
    lines.extend(before.iter().filter(|edge| !is_in(&after, edge)).map(|edge| {
        let kind = if broken(edge.from, edge.to) { EdgeKind::Broken } else { EdgeKind::Staged };
        line(edge, kind)
    }));
    lines
}

#[cfg(test)]
mod tests {
    use domain::{Content, Name, Slug, Template, Value, Variable, change::StagedEdit};

    use super::*;

    fn id(n: u8) -> ServiceId {
        format!("0193a1f0-0000-7000-8000-0000000000{n:02x}").parse().unwrap()
    }

    fn service(name: &str) -> Service {
        Service::named(Name::try_from(name).unwrap(), Slug::try_from(name).unwrap())
    }

    fn spec() -> EnvironmentSpec {
        let mut spec = EnvironmentSpec::empty(Name::try_from("shop").unwrap());
        let mut web = service("web");
        let template = Template::parse("${{db.HOST}}", |_| Some(id(2)));
        let variable = Variable { value: Value::Shown(template), sealed: false, version: 1 };
        web.variables.insert("DB".parse().unwrap(), variable);
        spec.services.insert(id(1), web.into());
        spec.services.insert(id(2), service("db").into());
        spec
    }

    fn model(edits: Vec<(Address, Option<Content>)>) -> Model {
        let base = Rc::new(spec());
        let author = "0193a1f0-0000-7000-8000-0000000000aa".parse().unwrap();
        let edits: Vec<StagedEdit> = (edits.into_iter().zip(1..))
            .map(|((address, content), seq)| StagedEdit {
                id: format!("0193a1f0-0000-7000-8000-0000000001{seq:02x}").parse().unwrap(),
                seq,
                address,
                content,
                base: base.revision,
                author,
                at: domain::Timestamp::from_millis(0),
            })
            .collect();
        let changes = domain::change::compact(&base, &edits);
        let whole = base.overlay(&changes);
        let problems = whole.check();
        let edges = edges(&base, &whole, &problems);
        let marks = marks(&base, &whole, &changes);
        Model { base, whole, changes, edges, problems, marks }
    }

    #[test]
    fn what_is_to_be_removed_is_still_drawn_and_what_needs_it_is_broken() {
        let model = model(vec![(Address::Service(id(2)), None)]);

        assert_eq!(model.services().count(), 2);
        assert_eq!(model.mark(id(2)), CardChange::Removed);
        assert_eq!(model.mark(id(1)), CardChange::Nothing);
        assert_eq!(model.edges.len(), 1);
        assert_eq!(model.edges[0].kind, EdgeKind::Broken);
    }

    #[test]
    fn a_new_service_is_new_however_often_it_is_edited() {
        let model = model(vec![
            (Address::Service(id(3)), Some(Content::Service(Box::new(service("cache"))))),
            (
                Address::ServiceField(id(3), domain::Field::Name),
                Some(Content::Name(Name::try_from("redis").unwrap())),
            ),
        ]);

        assert_eq!(model.mark(id(3)), CardChange::New);
        assert_eq!(model.service(id(3)).unwrap().name.as_str(), "redis");
        assert_eq!(model.find("cache"), Some(id(3)));
        assert_eq!(model.edges[0].kind, EdgeKind::Quiet);
    }
}
