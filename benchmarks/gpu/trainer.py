"""The same model, pairs and batches through transformers' Trainer, bf16, pictures decoded by workers of its data loader."""

from __future__ import annotations

import os
import time
from typing import Any

from parts import Setting, device, peak_megabytes, run_part, wait_for_device
from rates import step_figures


def measure(setting: Setting) -> dict[str, Any]:
    import torch
    from PIL import Image
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizerFast, Trainer, TrainingArguments

    sizes, base = setting.sizes, setting.checkpoint()
    files, captions = setting.files(), setting.captions()
    model = CLIPModel.from_pretrained(base)
    picture, words = CLIPImageProcessor.from_pretrained(base), CLIPTokenizerFast.from_pretrained(base)
    waiting: list[float] = []
    losses: list[float] = []
    ends: list[float] = []

    class Files(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return len(files)

        def __getitem__(self, row: int) -> Any:
            return {"image": Image.open(files[row]).convert("RGB"), "caption": captions[row]}

    def collate(rows: list[Any]) -> dict[str, Any]:
        texts = words([row["caption"] for row in rows], padding=True, truncation=True, return_tensors="pt")
        return {**picture([row["image"] for row in rows], return_tensors="pt"), **texts, "return_loss": True}

    class Clip(Trainer):
        def get_batch_samples(self, *arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            batch = super().get_batch_samples(*arguments, **named)
            waiting.append(time.perf_counter() - began)
            return batch

        def training_step(self, *arguments: Any, **named: Any) -> Any:
            loss = super().training_step(*arguments, **named)
            losses.append(float(loss))
            wait_for_device()
            ends.append(time.perf_counter())
            return loss

    arguments = TrainingArguments(
        output_dir=str(setting.scratch / "trainer"),
        per_device_train_batch_size=sizes.batch,
        num_train_epochs=sizes.epochs,
        learning_rate=5e-5,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        max_grad_norm=0.0,
        optim="adamw_torch_fused",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
        dataloader_drop_last=True,
        dataloader_num_workers=0 if setting.tiny else min(16, os.cpu_count() or 1),
        dataloader_persistent_workers=not setting.tiny,
        use_cpu=device() == "cpu",
        bf16=True,
        remove_unused_columns=False,
    )
    run = Clip(model=model, args=arguments, train_dataset=Files(), data_collator=collate)
    began = time.perf_counter()
    run.train()
    seconds = time.perf_counter() - began
    return {
        **step_figures(ends, sizes.batch),
        "pairs_per_second_of_all_steps": sizes.batch * len(ends) / seconds,
        "waiting_share": sum(waiting) / seconds,
        "peak_megabytes": peak_megabytes(),
        "loss": losses[-1],
        "workers": arguments.dataloader_num_workers,
    }


if __name__ == "__main__":
    run_part(measure)
