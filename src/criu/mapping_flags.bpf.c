// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// Runs in the kernel, for each mapping of a process: writes what mapping_flags.cc calls a Record.
// Its offsets into the kernel's own structures are put right when it is loaded
// (preserve_access_index), so it needs no kernel's headers.

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
  struct seq_file* seq;
};

struct vm_area_struct {
  unsigned long vm_start;
  unsigned long vm_end;
  unsigned long vm_flags;
};

struct task_struct {
  int tgid;
};

struct bpf_iter__task_vma {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
  struct vm_area_struct* vma;
};

#pragma clang attribute pop

SEC("iter/task_vma")
int write_mapping(struct bpf_iter__task_vma* context) {
  struct task_struct* task = context->task;
  struct vm_area_struct* vma = context->vma;
  if (!task || !vma) return 0;  // behind the last one
  __u64 record[] = {task->tgid, vma->vm_start, vma->vm_end, vma->vm_flags};
  bpf_seq_write(context->meta->seq, record, sizeof record);
  return 0;
}

// bpf_seq_write() is for programs that the kernel takes for GPL.
char _license[] SEC("license") = "Dual MIT/GPL";
