//! The tree of organizations.

use member_identity::{OrganizationPath, RegionCode};

use super::Refusal;

/// Characters of an organization's name at most.
pub const NAME_CHARS_MAX: usize = 100;

/// A trade union in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Where it stands in the tree.
    pub path: OrganizationPath,
    /// Its region.
    pub region: RegionCode,
    /// Its name.
    pub name: String,
}

/// What making an organization comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It is to be added.
    Added(Organization),
    /// It has been there all along.
    Exists(Organization),
}

/// Decides on a new organization, given the one at its path and the one above it.
pub fn decide_creation(
    new: Organization,
    existing: Option<Organization>,
    parent: Option<&Organization>,
) -> Result<Creation, Refusal> {
    if let Some(existing) = existing {
        return match first_difference(&existing, &new) {
            None => Ok(Creation::Exists(existing)),
            Some(field) => Err(Refusal::OrganizationExists { field }),
        };
    }
    match (new.path.parent(), parent) {
        (None, _) => Ok(Creation::Added(new)),
        (Some(path), None) => Err(Refusal::ParentMissing { parent: path }),
        (Some(_), Some(parent)) if parent.region.contains(new.region) => Ok(Creation::Added(new)),
        (Some(_), Some(_)) => Err(Refusal::FieldInvalid {
            path: "organization.region_code",
            problem: "must lie within the region of the organization above",
        }),
    }
}

fn first_difference(existing: &Organization, new: &Organization) -> Option<&'static str> {
    if existing.region != new.region {
        return Some("region_code");
    }
    (existing.name != new.name).then_some("name")
}
