//! Rights and roles.
//!
//! Whoever may grant may give away what he has: these are effects of their own.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterDefaultPrivilegesStmt, GrantRoleStmt, GrantStmt, GrantTargetType, Node};
use postern_core::operation::{Effect, Object};

use super::super::Kind;
use super::super::statement::{Outcome, Reader};
use crate::postgres::vocabulary::action;

impl Reader<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is tried in turn, and at last is opaque")]
    pub(super) fn rights_statement(&mut self, node: &NodeEnum) -> Outcome {
        match node {
            NodeEnum::GrantStmt(statement) => self.grant(statement),
            NodeEnum::GrantRoleStmt(statement) => self.grant_role(statement),
            NodeEnum::AlterDefaultPrivilegesStmt(statement) => self.default_rights(statement),
            NodeEnum::CreateRoleStmt(statement) => self.role_changes(Object::at([statement.role.as_str()])),
            NodeEnum::AlterRoleStmt(statement) => {
                let role = statement.role.as_ref().map(|role| self.role(role));
                self.role_changes(Object::at([role.unwrap_or_default()]))
            }
            NodeEnum::AlterRoleSetStmt(statement) => {
                let role = statement.role.as_ref().map_or_else(|| "all".to_owned(), |role| self.role(role));
                self.lasting_setting(statement.setstmt.as_ref());
                self.role_changes(Object::at([role]))
            }
            NodeEnum::DropRoleStmt(statement) => self.roles(&statement.roles),
            NodeEnum::DropOwnedStmt(statement) => {
                self.found.dynamic = true;
                self.roles(&statement.roles)
            }
            NodeEnum::ReassignOwnedStmt(statement) => {
                if let Some(role) = &statement.newrole {
                    self.role_changes(Object::at([self.role(role)]));
                }
                self.found.dynamic = true;
                self.roles(&statement.roles)
            }
            _ => self.unknown_statement(),
        }
    }

    fn roles(&mut self, roles: &[Node]) -> Outcome {
        for role in roles {
            let object = Object::at(self.parts(role));
            self.role_changes(object);
        }
        Outcome::of(action::ROLE, Kind::Define)
    }

    /// A role is made or changed: that is structure, and with it go rights.
    fn role_changes(&mut self, role: Object) -> Outcome {
        self.found.whole(Effect::Grant, role.clone());
        self.defines(action::ROLE, vec![role])
    }

    fn grant(&mut self, grant: &GrantStmt) -> Outcome {
        let all_in_schema = grant.targtype() == GrantTargetType::AclTargetAllInSchema;
        for node in &grant.objects {
            let objects = if all_in_schema {
                let schema = self.parts(node);
                vec![self.names.catalog.object(schema)]
            } else {
                self.objects(grant.objtype(), node)
            };
            for object in objects {
                self.granted(object, &grant.privileges);
            }
        }
        let action = if grant.is_grant { action::GRANT } else { action::REVOKE };
        Outcome::of(action, Kind::Define)
    }

    /// A right may be given on some columns only.
    fn granted(&mut self, object: Object, privileges: &[Node]) {
        let mut columns = Vec::new();
        for node in privileges {
            match &node.node {
                Some(NodeEnum::AccessPriv(privilege)) if !privilege.cols.is_empty() => {
                    columns.extend(super::super::statement::strings(&privilege.cols));
                }
                _ => {
                    columns.clear();
                    break;
                }
            }
        }
        self.found.whole(Effect::Grant, object.clone());
        for name in columns {
            let column = postern_core::operation::Column { object: object.clone(), name: name.into() };
            self.found.column(Effect::Grant, &column);
        }
    }

    fn grant_role(&mut self, grant: &GrantRoleStmt) -> Outcome {
        for node in &grant.granted_roles {
            let name = match &node.node {
                Some(NodeEnum::AccessPriv(role)) => role.priv_name.clone(),
                _ => self.parts(node).concat(),
            };
            self.found.whole(Effect::Grant, Object::at([name]));
        }
        for node in &grant.grantee_roles {
            let object = Object::at(self.parts(node));
            self.found.whole(Effect::Grant, object);
        }
        let action = if grant.is_grant { action::GRANT } else { action::REVOKE };
        Outcome::of(action, Kind::Define)
    }

    fn default_rights(&mut self, statement: &AlterDefaultPrivilegesStmt) -> Outcome {
        self.found.whole(Effect::Grant, self.of_server(self.names.catalog.database()));
        let grants = statement.action.as_ref().is_some_and(|action| action.is_grant);
        Outcome::of(if grants { action::GRANT } else { action::REVOKE }, Kind::Define)
    }
}
