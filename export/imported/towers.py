"""Towers of other exporters: found, and their inputs and outputs renamed, and cast, to those that the encoder knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clipseek.files.text import reason_of

from ..errors import ExportRefused
from ..graph.files import rename_inputs, rename_outputs, save_graph
from ..graph.int8_rows import round_rows_alone

# Names that exporters give to the plain tower, among variants such as vision_model_fp16.onnx.
_PLAIN = {"image": ("image", "vision_model", "visual", "model"), "text": ("text", "text_model", "textual", "model")}
_INT8 = {
    "DynamicQuantizeLinear",
    "QuantizeLinear",
    "MatMulInteger",
    "QLinearMatMul",
    "MatMulIntegerToFloat",
    "DynamicQuantizeMatMul",
    "ConvInteger",
}


def find_towers(source: Path, image: Path | None, text: Path | None) -> tuple[Path, Path]:
    """``image`` and ``text`` where they are given, else the towers in ``source``: the picture tower takes (N, 3, S, S), the text
    tower integers.

    Raises ExportRefused where there is none, or more than one that could be meant.
    """
    if not source.is_dir():
        raise ExportRefused(f"{source} is no folder; name one with two ONNX towers and their tokenizer.json")
    towers = {path: _kind(path) for path in sorted(source.rglob("*.onnx"))} if image is None or text is None else {}
    return image or _only(source, towers, "image", "picture"), text or _only(source, towers, "text", "text")


def _kind(path: Path) -> str | None:
    from onnx import TensorProto

    inputs = [entry.type.tensor_type for entry in _inputs(_load(path, "is no ONNX model", weights=False))]
    if [len(entry.shape.dim) for entry in inputs] == [4]:
        return "image"
    whole = (TensorProto.INT64, TensorProto.INT32)
    return "text" if inputs and all(entry.elem_type in whole for entry in inputs) else None


def _only(source: Path, towers: dict[Path, str | None], kind: str, what: str) -> Path:
    paths = [path for path, found in towers.items() if found == kind]
    chosen = paths if len(paths) == 1 else [path for path in paths if path.stem in _PLAIN[kind]]
    if len(chosen) != 1:
        named = ", ".join(str(path.relative_to(source)) for path in paths[:6]) or "none"
        raise ExportRefused(f"{source}: {what} towers found: {named}; expected one, name it with --{kind}-tower FILE")
    return chosen[0]


def import_image_tower(path: Path, out: Path, size: int) -> int:
    """(N, 3, S, S) float32 ``pixel_values`` -> (N, D) float32 ``image_embeds``. Returns how many inputs of int8
    products are now rounded row by row. Raises ExportRefused.
    """
    from onnx import TensorProto

    model = _load(path)
    (own,) = _inputs(model)
    _, channels, *sides = (dim.dim_value or None for dim in own.type.tensor_type.shape.dim)
    if channels not in (None, 3) or any(side not in (None, size) for side in sides):
        raise ExportRefused(
            f"{path} takes pictures of {channels} x {sides[0]} x {sides[1]}, its preprocessor makes 3 x {size} x {size}"
        )
    _check_free(path, own, 1)
    _rename_input(model, own, "pixel_values", TensorProto.FLOAT, ["batch", 3, size, size])
    _leave_one_output(path, model, "image_embeds")
    rounded = round_rows_alone(model)
    _save(model, path, out)
    return rounded


def import_text_tower(path: Path, out: Path) -> int:
    """(N, L) int64 ``input_ids`` and ``attention_mask`` -> (N, D) float32 ``text_embeds``; the rest as ``import_image_tower``."""
    from onnx import TensorProto, helper

    model = _load(path)
    inputs = _inputs(model)
    masks = [entry for entry in inputs if "mask" in entry.name.lower()]
    ids = [entry for entry in inputs if entry not in masks]
    if len(ids) != 1 or len(masks) > 1:
        names = ", ".join(entry.name for entry in inputs)
        raise ExportRefused(f"{path} takes {names}; expected the tokens' ids, and a mask at most")
    for entry in (*ids, *masks):
        _check_free(path, entry, 2)
    shape = ["batch", "sequence"]
    _rename_input(model, ids[0], "input_ids", TensorProto.INT64, shape)
    if masks:
        _rename_input(model, masks[0], "attention_mask", TensorProto.INT64, shape)
    else:  # a causal tower that pools at end-of-text needs none; the encoder passes one all the same
        model.graph.input.append(helper.make_tensor_value_info("attention_mask", TensorProto.INT64, shape))
    _leave_one_output(path, model, "text_embeds")
    rounded = round_rows_alone(model)
    _save(model, path, out)
    return rounded


def precision_of(*paths: Path) -> str:
    """int8 where a tower computes in it, fp16 where one has weights of that kind, else fp32."""
    from onnx import TensorProto

    graphs = [_load(path).graph for path in paths]
    if any(node.op_type in _INT8 for graph in graphs for node in graph.node):
        return "int8"
    halves = any(weight.data_type == TensorProto.FLOAT16 for graph in graphs for weight in graph.initializer)
    return "fp16" if halves else "fp32"


def _load(path: Path, failed: str = "cannot be read", weights: bool = True) -> Any:
    import onnx

    try:
        return onnx.load(path, load_external_data=weights)
    except Exception as problem:  # protobuf raises its own; weights beside the file may lack
        raise ExportRefused(f"{path} {failed} ({reason_of(problem)})") from None


def _inputs(model: Any) -> list[Any]:
    weights = {weight.name for weight in model.graph.initializer}
    return [entry for entry in model.graph.input if entry.name not in weights]


def _check_free(path: Path, entry: Any, dimensions: int) -> None:
    """Raise ExportRefused where the batch, or a text's length, has a fixed size."""
    sizes = [dim.dim_value for dim in entry.type.tensor_type.shape.dim][:dimensions]
    if any(sizes):
        what = "batches of" if sizes[0] else "texts of"
        raise ExportRefused(
            f"{path}: {entry.name} takes {what} exactly {sizes[0] or sizes[1]}; export it again with free batch and length"
        )


def _rename_input(model: Any, own: Any, name: str, dtype: int, shape: list[Any]) -> None:
    """Let the graph take ``name`` of ``dtype`` in place of its ``own`` input; a cast where the dtypes differ."""
    from onnx import helper

    inner, own_dtype = own.name, own.type.tensor_type.elem_type
    if inner == name and own_dtype == dtype:
        return
    if inner == name:
        inner = f"{name}_own"
        rename_inputs(model.graph.node, {name: inner})
    place = list(model.graph.input).index(own)
    del model.graph.input[place]
    model.graph.input.insert(place, helper.make_tensor_value_info(name, dtype, shape))
    how = ("Cast", {"to": own_dtype}) if own_dtype != dtype else ("Identity", {})
    model.graph.node.insert(0, helper.make_node(how[0], [name], [inner], **how[1]))


def _leave_one_output(path: Path, model: Any, name: str) -> None:
    """Leave one output, float32 ``name``: the only one of two dimensions, or the one whose name says that it is meant."""
    from onnx import TensorProto, helper

    flat = [entry for entry in model.graph.output if len(entry.type.tensor_type.shape.dim) == 2]
    for word in (name, "embed", "feature"):
        if len(flat) > 1 and (named := [entry for entry in flat if word in entry.name.lower()]):
            flat = named
    if len(flat) != 1:
        names = ", ".join(entry.name for entry in model.graph.output)
        raise ExportRefused(f"{path} gives {names}; expected one output of one vector a row, such as {name}")
    (own,) = flat
    width = own.type.tensor_type.shape.dim[1]
    if own.name != name or own.type.tensor_type.elem_type != TensorProto.FLOAT:
        inner = own.name
        if inner == name:
            inner = f"{name}_own"
            rename_outputs(model.graph.node, {name: inner})
        model.graph.node.append(helper.make_node("Cast", [inner], [name], to=TensorProto.FLOAT))
    del model.graph.output[:]
    shape = ["batch", width.dim_value or width.dim_param or "dimension"]
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _save(model: Any, path: Path, out: Path) -> None:
    import onnx

    try:
        save_graph(model, out)
        onnx.checker.check_model(str(out))  # by its path: above 2 GB it has to be
    except (onnx.checker.ValidationError, ValueError) as problem:
        raise ExportRefused(f"{path} cannot be adapted ({reason_of(problem)})") from None
