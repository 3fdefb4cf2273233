//! What a person asks to be edited, and what is staged for it.

mod new;

pub use new::{NewMount, NewService, NewVariable};

use crate::{
    Address, ChangeId, Content, EnvironmentSpec, Error, Field, Group, GroupId, Ids, Map, Name,
    Resource, Secret, ServiceId, Slug, Template, Timestamp, UserId, Volume, VolumeId,
    change::StagedEdit,
    check::{Problem, ProblemKind, Problems},
    error::refuse_repeats,
    layout::{Node, Position},
    nested::{fields, within},
    require::{require, require_parent},
    variable::{Value, Variable, check_value},
    workspace::Workspace,
};
use serde::{Deserialize, Deserializer, Serialize};

/// An edit as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Edit {
    /// Makes a service.
    CreateService(#[serde(deserialize_with = "whole")] Box<NewService>),
    /// Makes a group, and puts services into it.
    CreateGroup {
        /// What it is called.
        #[serde(deserialize_with = "name")]
        name: Name,
        /// Who lies in it.
        #[serde(default, deserialize_with = "services")]
        services: Vec<ServiceId>,
        /// Where it lies on the canvas.
        #[serde(default, deserialize_with = "position")]
        position: Option<Position>,
    },
    /// Makes a volume, and mounts it.
    CreateVolume {
        /// What it is called.
        #[serde(deserialize_with = "name")]
        name: Name,
        /// Where it appears.
        #[serde(default, deserialize_with = "mount")]
        mount: Option<NewMount>,
    },
    /// Puts a value at an address. Variables have their own edit.
    Set {
        /// Where.
        #[serde(deserialize_with = "address")]
        address: Address,
        /// What.
        #[serde(deserialize_with = "content")]
        content: Content,
    },
    /// Sets a variable, whether or not it exists.
    SetVariable {
        /// Which.
        #[serde(deserialize_with = "address")]
        address: Address,
        /// Its value, with references as text.
        #[serde(deserialize_with = "value")]
        value: Secret,
        /// Makes it write-only for ever. A sealed variable stays sealed.
        #[serde(default)]
        sealed: bool,
        /// Refuses if there is one already.
        #[serde(default)]
        only_new: bool,
    },
    /// Gives a variable another value. `NotFound` when there is none (any more), applied or staged.
    ReplaceVariable {
        /// Which.
        #[serde(deserialize_with = "address")]
        address: Address,
        /// Its value, with references as text.
        #[serde(deserialize_with = "value")]
        value: Secret,
        /// Makes it write-only for ever. A sealed variable stays sealed.
        #[serde(default)]
        sealed: bool,
    },
    /// Takes away what stands at an address; of a group or volume also all that points to it.
    Clear {
        /// Where.
        #[serde(deserialize_with = "address")]
        address: Address,
    },
}

fields! {
    name: Name,
    services: Vec<ServiceId>,
    position: Option<Position>,
    mount: Option<NewMount>,
    address: Address,
    content: Content,
    value: Secret,
}

fn whole<'de, D: Deserializer<'de>>(inner: D) -> Result<Box<NewService>, D::Error> {
    within("", inner)
}

/// What shall be staged: what shall stand where.
type Prepared = Vec<(Address, Option<Content>)>;

/// Who stages, and when.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each field names its type")]
pub struct StageContext {
    pub author: UserId,
    pub at: Timestamp,
    /// The number of the first edit: above all that were ever used in the environment.
    pub next_seq: u64,
    /// Whether values may be shown to them: only then may an answer tell that one is the same.
    pub sees_values: bool,
}

/// What staging adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagingPlan {
    /// The edits to keep, in order.
    pub edits: Vec<StagedEdit>,
    /// Where what is made shall lie on the canvas.
    pub places: Vec<(Node, Position)>,
    /// What will have to be mended before all can be applied.
    pub warnings: Vec<Problem>,
}

/// How many edits may be staged together: each is judged by what the earlier ones bring about.
pub const MAX_EDITS: usize = 500;

/// How many rows they may come to: the end of a group is one for each service that leaves it.
pub const MAX_ROWS: usize = 5_000;

/// The rows to add for these edits.
///
/// All or none: later edits see earlier ones, and on an error nothing is to be added.
///
/// # Errors
/// `NotFound` when an edit points to something that neither exists nor is staged; `Invalid` when a
/// value does not belong there; `Exists` when a name, slug or variable is taken; `Blocked` when the
/// result would have another problem that is
/// [refused when staged](crate::check::ProblemKind::refused_when_staged), such as a circle.
pub fn stage(
    workspace: &Workspace,
    edits: Vec<Edit>,
    stage_context: StageContext,
    ids: &dyn Ids,
) -> Result<StagingPlan, Error> {
    if edits.len() > MAX_EDITS {
        let rule = format!("must be at most {MAX_EDITS} at once; stage them in several steps");
        return Err(Error::field("edits", rule));
    }
    let before = workspace.staged();
    let mut view = before.clone();
    let mut staged: Vec<StagedEdit> = Vec::new();
    let mut seq = stage_context.next_seq;
    let mut places = Vec::new();
    for edit in edits {
        let position = match &edit {
            Edit::CreateService(new) => new.position,
            Edit::CreateGroup { position, .. } => *position,
            _ => None,
        };
        let prepared = prepare(
            edit,
            workspace,
            &staged,
            &view,
            ids,
            StageContext { next_seq: seq, ..stage_context },
        )?;
        // Only a service that is new, or is called otherwise, ties references that were loose.
        let ties = prepared.iter().any(|(address, _)| {
            matches!(address, Address::Service(_) | Address::ServiceField(_, Field::Name))
        });
        let node = prepared.first().and_then(|(address, _)| Node::at(address));
        places.extend(node.zip(position));
        if staged.len() + prepared.len() > MAX_ROWS {
            let rule = format!("must not change more than {MAX_ROWS} places at once");
            return Err(Error::field("edits", rule));
        }
        for (address, content) in prepared {
            let base = workspace.spec.version_of(&address);
            // One edit more, instead of everything staged anew: what is edited together may be long.
            let _ = view.put(&address, content.clone());
            staged.push(StagedEdit {
                id: ChangeId::new(ids.mint()),
                seq,
                address,
                content,
                base,
                author: stage_context.author,
                at: stage_context.at,
            });
            seq += 1;
        }
        if ties {
            view.relink();
        }
    }
    workspace.refuse_too_much(&staged)?;
    let warnings = validate(&before, &workspace.staged_with(&staged))?;
    Ok(StagingPlan { edits: staged, places, warnings })
}

/// What staging brings about: warnings, unless it is refused.
pub(crate) fn validate(
    before: &EnvironmentSpec,
    after: &EnvironmentSpec,
) -> Result<Vec<Problem>, Error> {
    let problems = after.new_problems(before);
    let (refused, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.kind.refused_when_staged());
    if let Some(problem) = refused.first() {
        let taken =
            matches!(problem.kind, ProblemKind::NameTaken { .. } | ProblemKind::SlugTaken { .. });
        return Err(if taken {
            Error::Exists(problem.message.clone())
        } else {
            Error::Blocked(Box::new(Problems(refused)))
        });
    }
    Ok(warnings)
}

/// What to stage for an edit, given what is staged already. Its number marks the values it writes.
fn prepare(
    edit: Edit,
    workspace: &Workspace,
    staged: &[StagedEdit],
    view: &EnvironmentSpec,
    ids: &dyn Ids,
    stage_context: StageContext,
) -> Result<Prepared, Error> {
    let version = stage_context.next_seq;
    match edit {
        Edit::CreateService(new) => create_service(*new, view, ids, version),
        Edit::CreateGroup { name, services, .. } => {
            refuse_repeats("services", &services)?;
            let id = GroupId::new(ids.mint());
            let group = Content::Group(Group { name, variables: Map::new() });
            let mut prepared = vec![(Address::Group(id), Some(group))];
            for service in services {
                require(view, &Address::Service(service))?;
                let address = Address::ServiceField(service, Field::Group);
                prepared.push((address, Some(Content::GroupId(id))));
            }
            Ok(prepared)
        }
        Edit::CreateVolume { name, mount } => {
            let id = VolumeId::new(ids.mint());
            let mut prepared = vec![(Address::Volume(id), Some(Content::Volume(Volume { name })))];
            if let Some(NewMount { service, path }) = mount {
                require(view, &Address::Service(service))?;
                let address = Address::ServiceMount(service, id);
                prepared.push((address, Some(Content::MountPath(path))));
            }
            Ok(prepared)
        }
        Edit::Set { address, content } => set(address, content, view),
        Edit::SetVariable { address, value, sealed, only_new } => {
            let wanted = if only_new { Precondition::New } else { Precondition::Any };
            let asked = VariableRequest { value: &value, sealed, wanted };
            let original = before_edits(workspace, staged, &address);
            let variable = set_variable(&address, asked, original, view, stage_context)?;
            Ok(vec![(address, Some(Content::Variable(variable)))])
        }
        Edit::ReplaceVariable { address, value, sealed } => {
            let asked = VariableRequest { value: &value, sealed, wanted: Precondition::Existing };
            let original = before_edits(workspace, staged, &address);
            let variable = set_variable(&address, asked, original, view, stage_context)?;
            Ok(vec![(address, Some(Content::Variable(variable)))])
        }
        Edit::Clear { address } => clear(address, view),
    }
}

fn create_service(
    new: NewService,
    view: &EnvironmentSpec,
    ids: &dyn Ids,
    version: u64,
) -> Result<Prepared, Error> {
    if new.variables.len() > MAX_EDITS {
        let rule = format!("must be at most {MAX_EDITS} at once; stage the others afterwards");
        return Err(Error::field("variables", rule));
    }
    let id = ServiceId::new(ids.mint());
    if let Some(group) = new.group {
        require(view, &Address::Group(group))?;
    }
    let taken = |slug: &Slug| view.services.values().any(|service| service.slug == *slug);
    let slug = match &new.slug {
        Some(slug) if taken(slug) => {
            return Err(Error::Exists(format!("there is a service with the slug {slug} already")));
        }
        Some(slug) if !slug.is_host_name() => {
            let rule = "must be a name that programs look up: this one they take for an address";
            return Err(Error::field("slug", rule));
        }
        Some(slug) => slug.clone(),
        None => {
            let wanted = Slug::suggest(new.name.as_str(), "service");
            if taken(&wanted) { wanted.with_suffix(&id.short()[2..]) } else { wanted }
        }
    };
    let mut service = new.service(slug);
    // Its own name counts already, so that its variables may refer to itself by name.
    let (own_name, own_slug) = (service.name.as_str().to_lowercase(), service.slug.clone());
    let find = |name: &str| {
        (view.find_named(name))
            .or_else(|| (own_name == name.to_lowercase()).then_some(id))
            .or_else(|| view.find_slugged(name))
            .or_else(|| (own_slug.as_str() == name).then_some(id))
    };
    for (key, variable) in new.variables {
        check_value(&variable.value)
            .map_err(|rule| Error::field(format!("variables.{key}"), rule.to_string()))?;
        let template = Template::parse(variable.value.expose(), find);
        service.variables.insert(
            key,
            Variable { value: Value::Shown(template), sealed: variable.sealed, version },
        );
    }
    Ok(vec![(Address::Service(id), Some(Content::Service(Box::new(service))))])
}

fn set(address: Address, content: Content, view: &EnvironmentSpec) -> Result<Prepared, Error> {
    if matches!(
        content,
        Content::Variable(_) | Content::Service(_) | Content::Group(_) | Content::Volume(_)
    ) || address.is_entity()
        || address.variable_key().is_some()
    {
        return Err(Error::field("content", "cannot be set like this: use the edit made for it"));
    }
    require_parent(view, &address)?;
    match (&address, &content) {
        (Address::ServiceField(_, Field::Group), Content::GroupId(group)) => {
            require(view, &Address::Group(*group))?;
        }
        (Address::ServiceMount(_, volume), _) => require(view, &Address::Volume(*volume))?,
        _ => (),
    }
    view.context_of(&address)
        .put(&address, Some(content.clone()))
        .map_err(|rule| Error::field("content", rule.to_string()))?;
    Ok(vec![(address, Some(content))])
}

/// What a variable shall be.
struct VariableRequest<'a> {
    value: &'a Secret,
    sealed: bool,
    wanted: Precondition,
}

/// Which variable may be meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Precondition {
    Any,
    New,
    Existing,
}

fn set_variable(
    address: &Address,
    VariableRequest { value, sealed, wanted }: VariableRequest<'_>,
    original: Option<Content>,
    view: &EnvironmentSpec,
    stage_context: StageContext,
) -> Result<Variable, Error> {
    let Some(key) = address.variable_key() else {
        return Err(Error::field("address", "must be a variable's"));
    };
    require_parent(view, address)?;
    check_value(value).map_err(|rule| Error::field("value", rule.to_string()))?;
    let existing = match view.get(address) {
        Some(Content::Variable(variable)) => Some(variable),
        _ => None,
    };
    match (wanted, &existing) {
        (Precondition::New, Some(_)) => {
            return Err(Error::Exists(format!("there is a variable {key} here already")));
        }
        (Precondition::Existing, None) => return Err(Error::NotFound(Resource::Variable)),
        _ => (),
    }
    let original = match original {
        Some(Content::Variable(old)) => Some(old.relinked(|name| view.find_service(name))),
        _ => None,
    };
    let template = Template::parse(value.expose(), |name| view.find_service(name));
    let earlier = [original, existing];
    let sealed = sealed || earlier.iter().flatten().any(|variable| variable.sealed);
    // The same text again is the same value, under its version: so an edit back to the old value
    // comes to nothing also for those who see no values. Unless it is sealed, or may not be shown
    // to whoever writes it: that would answer a guess.
    let same = (earlier.into_iter().flatten()).find(|old| {
        !sealed && stage_context.sees_values && old.value == Value::Shown(template.clone())
    });
    let new = Variable { value: Value::Shown(template), sealed, version: stage_context.next_seq };
    Ok(same.unwrap_or(new))
}

/// What would stand there had nobody edited it alone: that of the service or group that is staged
/// anew, or else what is applied.
fn before_edits(
    workspace: &Workspace,
    staged: &[StagedEdit],
    address: &Address,
) -> Option<Content> {
    let parent = address.parent();
    let made = (staged.iter().rev().chain(workspace.edits.iter().rev()))
        .find(|edit| Some(&edit.address) == parent.as_ref());
    match made {
        Some(StagedEdit { content, .. }) => content.as_ref()?.part(address),
        None => workspace.spec.get(address),
    }
}

fn clear(address: Address, view: &EnvironmentSpec) -> Result<Prepared, Error> {
    require(view, &address)?;
    let mut prepared = Prepared::new();
    for (&service, config) in &view.services {
        match &address {
            Address::Group(group) if config.group == Some(*group) => {
                prepared.push((Address::ServiceField(service, Field::Group), None));
            }
            Address::Volume(volume) if config.mounts.contains_key(volume) => {
                prepared.push((Address::ServiceMount(service, *volume), None));
            }
            _ => (),
        }
    }
    view.context_of(&address)
        .put(&address, None)
        .map_err(|_| Error::field("address", "cannot be empty"))?;
    // First, as that is what was asked for.
    prepared.insert(0, (address, None));
    Ok(prepared)
}
