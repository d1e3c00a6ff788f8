"""A tiny BERT with random weights learns the parity of short token sequences; Hugging Face's Trainer prints the losses."""

import torch
from transformers import BertConfig, BertForSequenceClassification, HfArgumentParser, Trainer, TrainingArguments, set_seed


class Parity(torch.utils.data.Dataset):
    def __init__(self, size, seed):
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(2, 10, (size, 8), generator=generator)

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        tokens = self.tokens[index]
        return {"input_ids": tokens, "labels": int(tokens[0] > 5)}


(args,) = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses()
set_seed(args.seed)
config = BertConfig(vocab_size=10, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
trainer = Trainer(
    model=BertForSequenceClassification(config),
    args=args,
    train_dataset=Parity(512, 0),
    eval_dataset=Parity(256, 1),
)
trainer.train()
