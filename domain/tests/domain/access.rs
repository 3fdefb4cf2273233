//! Who may do what.

use domain::{
    ApiKeyId, ProjectId, SessionId, Set, UserId,
    access::{Actor, AuthMethod, Decision, InstanceRole, KeyScope, Permission, ProjectRole},
};
use uuid::Uuid;

const HERE: ProjectId = ProjectId::new(Uuid::from_u128(1));
const ELSEWHERE: ProjectId = ProjectId::new(Uuid::from_u128(2));

const ALL: [Permission; 6] = [
    Permission::Read,
    Permission::Stage,
    Permission::Deploy,
    Permission::Logs,
    Permission::Reveal,
    Permission::Manage,
];

fn person(role: InstanceRole) -> Actor {
    let via = AuthMethod::Session(SessionId::new(Uuid::from_u128(3)));
    Actor { user: UserId::new(Uuid::from_u128(4)), role, via }
}

fn script(role: InstanceRole, scopes: &[KeyScope], project: Option<ProjectId>) -> Actor {
    let key = ApiKeyId::new(Uuid::from_u128(5));
    let scopes: Set<KeyScope> = scopes.iter().copied().collect();
    Actor { via: AuthMethod::ApiKey { key, scopes, project }, ..person(role) }
}

fn allowed(actor: &Actor, role: Option<ProjectRole>) -> Vec<Permission> {
    ALL.into_iter()
        .filter(|permission| actor.may(*permission, HERE, role) == Decision::Allowed)
        .collect()
}

#[test]
fn a_role_decides_what_a_member_may() {
    let member = person(InstanceRole::Member);

    assert_eq!(allowed(&member, Some(ProjectRole::Viewer)), [Permission::Read]);
    assert_eq!(allowed(&member, Some(ProjectRole::Editor)), ALL[..5]);
    assert_eq!(allowed(&member, Some(ProjectRole::Owner)), ALL);
}

#[test]
fn a_project_is_hidden_from_strangers() {
    for permission in ALL {
        let decision = person(InstanceRole::Member).may(permission, HERE, None);
        assert_eq!(decision, Decision::Hidden);
    }
}

#[test]
fn an_admin_may_everything_everywhere() {
    assert_eq!(allowed(&person(InstanceRole::Admin), None), ALL);
    assert!(person(InstanceRole::Admin).is_admin());
    assert!(!person(InstanceRole::Member).is_admin());
}

#[test]
fn a_key_may_what_its_scopes_say_and_never_more_than_its_owner() {
    let owner = Some(ProjectRole::Owner);
    let member = InstanceRole::Member;

    assert_eq!(allowed(&script(member, &[], None), owner), []);
    assert_eq!(allowed(&script(member, &[KeyScope::Read], None), owner), [Permission::Read]);
    let staging = script(member, &[KeyScope::Read, KeyScope::Stage], None);
    assert_eq!(allowed(&staging, owner), [Permission::Read, Permission::Stage]);
    let deploy = script(member, &[KeyScope::Deploy], None);
    assert_eq!(allowed(&deploy, owner), [Permission::Deploy]);
    assert_eq!(allowed(&deploy, Some(ProjectRole::Viewer)), []);
    assert_eq!(
        deploy.may(Permission::Deploy, HERE, Some(ProjectRole::Viewer)),
        Decision::Forbidden
    );
    let write = script(member, &[KeyScope::Write], None);
    assert_eq!(allowed(&write, owner), [Permission::Reveal]);
    let logs = script(member, &[KeyScope::Logs], None);
    assert_eq!(allowed(&logs, owner), [Permission::Logs]);
    let admin = script(member, &[KeyScope::Admin], None);
    assert_eq!(allowed(&admin, owner), [Permission::Manage]);
    assert_eq!(allowed(&admin, Some(ProjectRole::Editor)), []);
}

// S11: an admin's power over all projects is the power to administer.
#[test]
fn an_admins_key_without_the_scope_has_no_power_over_foreign_projects() {
    let plain: Vec<KeyScope> =
        KeyScope::ALL.iter().copied().filter(|scope| *scope != KeyScope::Admin).collect();
    let key = script(InstanceRole::Admin, &plain, None);

    for permission in ALL {
        assert_eq!(key.may(permission, HERE, None), Decision::Hidden);
    }
    assert_eq!(allowed(&key, Some(ProjectRole::Viewer)), [Permission::Read]);
    assert_eq!(allowed(&key, Some(ProjectRole::Owner)), ALL[..5]);
    let admin = script(InstanceRole::Admin, KeyScope::ALL, None);
    assert_eq!(allowed(&admin, None), ALL);
}

#[test]
fn a_key_of_one_project_sees_no_other_whoever_owns_it() {
    for role in [InstanceRole::Member, InstanceRole::Admin] {
        let bound = script(role, KeyScope::ALL, Some(ELSEWHERE));
        for permission in ALL {
            let decision = bound.may(permission, HERE, Some(ProjectRole::Owner));
            assert_eq!(decision, Decision::Hidden);
            assert_eq!(
                bound.may(permission, ELSEWHERE, Some(ProjectRole::Owner)),
                Decision::Allowed
            );
        }
    }
}

#[test]
fn a_key_administers_by_its_scope_and_is_no_person() {
    let plain = script(InstanceRole::Admin, &[KeyScope::Read], None);
    let admin = script(InstanceRole::Admin, &[KeyScope::Admin], None);
    let member = script(InstanceRole::Member, &[KeyScope::Admin], None);

    assert!(!plain.is_admin() && admin.is_admin() && !member.is_admin());
    assert!(!admin.is_person() && person(InstanceRole::Member).is_person());
}
