//! Compiles `proto/` with protox (no protoc needed) into bindings, the descriptor set that
//! reflection serves, and the table of the scope that each method requires.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost_reflect::{DescriptorPool, MethodDescriptor, Value};

const SCOPE_OPTION: &str = "zhisong.common.v1.required_scope";
const PUBLIC_OPTION: &str = "zhisong.common.v1.public";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let files = proto_files(&root.join("zhisong"))?;
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(&files)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptor.bin"), compiler.encode_file_descriptor_set())?;
    fs::write(out.join("scopes.rs"), scope_table(&compiler.descriptor_pool())?)?;
    tonic_prost_build::configure()
        .bytes(".zhisong")
        // One head stands before many small pieces.
        .boxed(".zhisong.redemption.v1.GetStatementResponse.part.head")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

fn proto_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(proto_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A method of ours states either a scope or that it is public; with neither or both it does not
/// build. Nothing is public by omission.
fn scope_table(pool: &DescriptorPool) -> Result<String, Box<dyn std::error::Error>> {
    let option = |name| {
        pool.get_extension_by_name(name).ok_or_else(|| format!("the option {name} is not defined"))
    };
    let (required, public) = (option(SCOPE_OPTION)?, option(PUBLIC_OPTION)?);
    let mut table = String::from("&[\n");
    for service in pool.services() {
        for method in service.methods() {
            let options = method.options();
            let scope = options.get_extension(&required).into_owned();
            let scope = match (scope, options.get_extension(&public).into_owned()) {
                (Value::String(scope), Value::Bool(true)) if scope.is_empty() => None,
                (Value::String(scope), Value::Bool(false)) if !scope.is_empty() => Some(scope),
                _ => return Err(neither_or_both(&method).into()),
            };
            let path = format!("/{}/{}", service.full_name(), method.name());
            let streams = method.is_client_streaming() || method.is_server_streaming();
            writeln!(
                table,
                "    MethodScope {{ path: {path:?}, scope: {scope:?}, streams: {streams} }},"
            )?;
        }
    }
    table.push(']');
    Ok(table)
}

fn neither_or_both(method: &MethodDescriptor) -> String {
    format!("{}: states neither or both of a scope and public", method.full_name())
}
