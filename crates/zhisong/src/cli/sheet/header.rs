//! Which column of a file is which field.

/// A field that a file may have a column of.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Field {
    /// The names that the column may have; the last is the English one, which reports name it by.
    pub(in crate::cli) names: &'static [&'static str],
    /// Whether a file must have it.
    pub(in crate::cli) is_required: bool,
}

/// Where each field stands in the rows of one file.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Header {
    positions: Vec<Option<usize>>,
    width: usize,
}

impl Field {
    /// The English name.
    pub(in crate::cli) const fn name_en(self) -> &'static str {
        self.names[self.names.len() - 1]
    }
}

impl Header {
    /// Reads the header line. Says all that is wrong with it.
    pub(in crate::cli) fn read(cells: &[String], fields: &[Field]) -> Result<Self, String> {
        let mut positions = vec![None; fields.len()];
        let mut problems = Vec::new();
        // Spreadsheets leave empty columns behind the last one.
        let width =
            cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
        for (position, cell) in cells.iter().take(width).enumerate() {
            let name = folded(cell);
            let Some(field) = fields.iter().position(|field| field.names.contains(&&*name)) else {
                problems.push(format!("column {} ({cell:?}) is not known", position + 1));
                continue;
            };
            if positions[field].replace(position).is_some() {
                problems.push(format!("{} stands twice", fields[field].name_en()));
            }
        }
        let missing = fields.iter().zip(&positions);
        let missing = missing.filter(|(field, at)| field.is_required && at.is_none());
        problems.extend(missing.map(|(field, _)| {
            format!("{} is missing (one of: {})", field.name_en(), field.names.join(", "))
        }));
        if problems.is_empty() { Ok(Self { positions, width }) } else { Err(problems.join("; ")) }
    }

    /// How many cells a row has.
    pub(in crate::cli) fn width(&self) -> usize {
        self.width
    }

    /// Where a field stands, by its place in the list of fields, if the file has it.
    pub(in crate::cli) fn position(&self, field: usize) -> Option<usize> {
        self.positions[field]
    }
}

/// `ID Number` as `id_number`.
fn folded(name: &str) -> String {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    name.to_ascii_lowercase().replace([' ', '-'], "_")
}
